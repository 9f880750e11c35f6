import json
import random

from burnish.starter.tasks.policyqa import POLICYQA


def test_the_reference_stands_in_the_policy_or_says_that_nothing_does():
    rng = random.Random(0)
    for _ in range(200):
        fields = POLICYQA.item(rng).fields
        policy, explanation = fields["messages"][0]["content"], fields["explanation"]
        assert (explanation in policy) == (fields["compliant"] != "needs review")


def test_careful_demonstrations_quote_what_they_find_and_are_right():
    rng = random.Random(0)
    for _ in range(200):
        row = POLICYQA.item(rng)
        shown = POLICYQA.demonstrate(row, rng, "high")
        if shown.careful:
            assert json.loads(shown.answer) == {key: row.fields[key] for key in ("compliant", "explanation")}
            assert row.fields["compliant"] == "needs review" or row.fields["explanation"] in shown.reasoning


def test_hasty_demonstrations_are_mostly_wrong():
    rng = random.Random(0)
    drawn = [(row, POLICYQA.demonstrate(row, rng, "low")) for row in (POLICYQA.item(rng) for _ in range(1000))]
    hasty = [(row, shown) for row, shown in drawn if not shown.careful]
    right = [json.loads(shown.answer)["explanation"] == row.fields["explanation"] for row, shown in hasty]
    assert 0.3 < sum(right) / len(right) < 0.7
