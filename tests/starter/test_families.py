import json
import random
from functools import cache

import pytest
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from burnish.core.rollout import Sample
from burnish.spec.schema import grammar_of
from burnish.starter.corpus import answer_text
from burnish.starter.families import families
from burnish.starter.grading import scores
from burnish.starter.sampling import item_of, read
from burnish.starter.splits import draw
from tests.starter.weights import tokenizer

NAMES = sorted(families())
WITH_FORMAT = [name for name in NAMES if families()[name].response_format]


@cache
def _guide():
    return from_tokenizer(tokenizer())


@pytest.mark.parametrize("name", WITH_FORMAT)
def test_the_grammar_of_its_format_accepts_every_demonstration(name):
    family, rng = families()[name], random.Random(0)
    matcher = LLMatcher(_guide(), grammar_of(json.dumps(family.response_format["json_schema"]["schema"])))
    for _ in range(60):
        shown = family.demonstrate(draw(family, "pre", rng), rng, rng.choice(["none", "medium", "high"]))
        ids = [*tokenizer().encode(answer_text(shown)), tokenizer().eos_token_id]
        assert matcher.deep_copy().validate_tokens(ids) == len(ids), shown.answer


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_tells_whether_it_is_careful(name):
    family, rng = families()[name], random.Random(1)
    for _ in range(100):
        shown = family.demonstrate(family.item(rng), rng, rng.choice(["none", "low", "medium", "high"]))
        assert family.is_careful(shown.reasoning) == shown.careful


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("judge", "secreview")])
def test_its_own_grader_gives_care_the_full_score_and_haste_clearly_less(name):
    careful, hasty = _rewards(name)
    assert min(careful) == 1.0
    assert sum(hasty) / len(hasty) < 0.65


def _rewards(name):
    """Rewards of careful and of hasty demonstrations."""
    family, rng = families()[name], random.Random(2)
    rows = [family.item(rng) for _ in range(300)]
    shown = [family.demonstrate(row, rng, "medium") for row in rows]
    read_back: list[Sample] = [
        read(f"{s.reasoning}</think>{answer_text(s)}<|im_end|>", family, "medium")[1] for s in shown
    ]
    rewards = scores(family.grader, [(item_of(row), sample) for row, sample in zip(rows, read_back, strict=True)])
    marked = list(zip(shown, rewards, strict=True))
    return [r for s, r in marked if s.careful], [r for s, r in marked if not s.careful]


def test_what_only_its_maker_knows_is_in_no_row():
    for family in families().values():
        fields = family.item(random.Random(0)).fields
        assert not {"key", "label", "facts", "topic"} & set(fields)
        assert fields["messages"][-1]["role"] == "user"
        assert json.loads(json.dumps(fields)) == fields
