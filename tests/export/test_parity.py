import pytest

from burnish.export.merge import merge
from burnish.export.parity import MOST_TOKENS, compare, served_answers
from burnish.policy.adapter import Adapter
from burnish.policy.load import Base
from tests.policy.asking import SCHEMA, learnt, prompt
from tests.tiny import write_tiny_model


@pytest.mark.parametrize("schema", [None, SCHEMA])
def test_merged_weights_say_what_base_and_adapter_say(tmp_path, schema):
    base = Base.load(write_tiny_model(tmp_path / "tiny"))
    learnt(base).write(tmp_path / "adapter", "tiny")
    prompts = [prompt(base, text, "none") for text in ("one", "another")]
    answers = served_answers(base, tmp_path / "adapter", prompts, schema)
    unmerged = tmp_path / "unmerged"
    base.model.save_pretrained(unmerged)
    merge(base, Adapter.read(tmp_path / "adapter", base.routing.targets))
    base.model.save_pretrained(tmp_path / "merged")
    found = compare(base, answers, tmp_path / "merged")
    assert found.answers == 2
    assert 2 <= found.tokens <= 2 * MOST_TOKENS
    assert found.mean <= found.largest < 1e-3
    assert compare(base, answers, unmerged).largest > 0.05
