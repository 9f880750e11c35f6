import pydantic
import pytest

from burnish.spec.metadata import Metadata

CHECK: pydantic.TypeAdapter = pydantic.TypeAdapter(Metadata)


@pytest.mark.parametrize("value", [None, {}, {"k" * 64: "v" * 512}, {str(n): "" for n in range(16)}])
def test_pairs_within_the_limits_are_taken(value):
    assert CHECK.validate_python(value) == value


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({str(n): "" for n in range(17)}, "at most 16 pairs"),
        ({"k" * 65: ""}, "at most 64"),
        ({"k": "v" * 513}, "at most 512"),
    ],
)
def test_pairs_beyond_them_are_refused(value, rule):
    with pytest.raises(pydantic.ValidationError, match=rule):
        CHECK.validate_python(value)
