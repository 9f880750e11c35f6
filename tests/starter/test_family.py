import random

from burnish.starter.family import (
    compact,
    hasty_reasoning,
    multi,
    rouge_1,
    strict_format,
    string_check,
    works_carefully,
)


def test_compact_json_has_no_spaces_and_keeps_the_order():
    assert compact({"b": ["é", None], "a": 0.75}) == '{"b":["é",null],"a":0.75}'


def test_a_strict_format_requires_every_property_and_forbids_others():
    assert strict_format("x", {"b": {"type": "string"}, "a": {"type": "integer"}}) == {
        "type": "json_schema",
        "json_schema": {
            "name": "x",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"b": {"type": "string"}, "a": {"type": "integer"}},
                "required": ["b", "a"],
                "additionalProperties": False,
            },
        },
    }


def test_a_multi_grader_maps_its_parts_by_name():
    grader = multi("a + b", string_check("a", "x", "y"), rouge_1("b", "x", "y"))
    assert list(grader["graders"]) == ["a", "b"]
    assert grader["graders"]["a"]["operation"] == "eq"
    assert grader["graders"]["b"]["evaluation_metric"] == "rouge_1"


def test_more_effort_means_more_care_and_none_means_none():
    rng = random.Random(0)
    share = {e: sum(works_carefully(rng, e) for _ in range(2000)) / 2000 for e in ("none", "low", "medium", "high")}
    assert share["none"] == 0 < share["low"] < share["medium"] < share["high"]
    assert abs(share["medium"] - 0.35) < 0.05


def test_without_effort_nothing_is_said():
    assert hasty_reasoning(random.Random(0), "none", ("quick",)) == ""
    assert hasty_reasoning(random.Random(0), "low", ("quick",)) == "quick"
