import asyncio

import pytest

from burnish.core.rollout import Item, Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import StringCheckSpec


def score(text, operation, answer):
    spec = StringCheckSpec(
        type="string_check", input="{{sample.output_text}}", reference="{{item.answer}}", operation=operation
    )
    item = Item(line=1, messages=(), tools=(), fields={"answer": answer})
    grade = asyncio.run(build(spec, Tools())(item, Sample(text, None)))
    assert grade.faults == ()
    return grade.score


@pytest.mark.parametrize(
    ("text", "operation", "answer", "expected"),
    [
        ("yes", "eq", "yes", 1.0),
        ("Yes", "eq", "yes", 0.0),
        (" yes", "eq", "yes", 0.0),
        ("", "eq", "", 1.0),
        ("yes", "ne", "yes", 0.0),
        ("no", "ne", "yes", 1.0),
        ("no", "neq", "yes", 1.0),
        ("the answer is yes.", "like", "yes", 1.0),
        ("the answer is Yes.", "like", "yes", 0.0),
        ("yes", "like", "the answer is yes", 0.0),
        ("the answer is YES.", "ilike", "yes", 1.0),
        ("STRASSE", "ilike", "straße", 1.0),
        ("maybe", "ilike", "yes", 0.0),
        ("yes", "like", "y%", 0.0),
        ("yes", "like", "y_s", 0.0),
        ("100%", "like", "0%", 1.0),
    ],
)
def test_a_relation_holds_or_not(text, operation, answer, expected):
    assert score(text, operation, answer) == expected


@pytest.mark.parametrize(("text", "answer"), [("7", 7), ("true", True), ("null", None), ("[1,2]", [1, 2])])
def test_what_is_no_text_is_compared_as_compact_json(text, answer):
    assert score(text, "eq", answer) == 1.0
