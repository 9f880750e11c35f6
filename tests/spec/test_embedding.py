import pytest
from pydantic import ValidationError

from burnish.spec.embedding import EmbeddingRequest


@pytest.mark.parametrize("given", ["a", ["a", "b"], [1, 2], [[1], [2, 3]]])
def test_texts_and_tokens_one_or_several(given):
    assert EmbeddingRequest(model="e", input=given).input == given


@pytest.mark.parametrize("given", ["", [], [[]], [-1], [True, "a"], ["a", 1]])
def test_anything_else_is_refused(given):
    with pytest.raises(ValidationError):
        EmbeddingRequest(model="e", input=given)
