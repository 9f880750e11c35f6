import json
import random

from burnish.starter.tasks.query import QUERY


def test_a_trace_says_how_each_field_was_worded():
    rng = random.Random(0)
    for _ in range(100):
        row = QUERY.item(rng)
        shown = QUERY.demonstrate(row, rng, "high")
        if shown.careful:
            assert json.loads(shown.answer) == row.fields["query"]
            assert len(shown.reasoning.split("\n")) == 6
            for field, words in row.facts["said"].items():
                assert f"{field}: {words} is {row.fields['query'][field]}" in shown.reasoning
                assert words in row.fields["messages"][0]["content"]


def test_the_verb_does_not_make_another_row():
    rng = random.Random(0)
    for _ in range(50):
        row = QUERY.item(rng)
        verb, rest = row.fields["messages"][0]["content"].split(" ", 1)
        assert verb in ("Show", "List", "Find", "Get")
        assert row.key == "query/" + rest


def test_hasty_queries_are_mostly_wrong():
    rng = random.Random(0)
    right = 0
    for _ in range(500):
        row = QUERY.item(rng)
        right += json.loads(QUERY.demonstrate(row, rng, "none").answer) == row.fields["query"]
    assert 0.15 < right / 500 < 0.5
