import json
import random

from burnish.starter.family import Row
from burnish.starter.tasks.coding import CODES, CODING

ROW = Row(
    fields={"codes": ["D20", "M50"]},
    key="",
    label="2",
    facts={"findings": [("D20", "T2DM", "present"), ("R30", "asthma", "denied"), ("M50", "gout", "present")]},
)


def test_a_careful_trace_says_of_every_finding_whether_it_is_present():
    rng = random.Random(0)
    shown = next(one for _ in range(50) if (one := CODING.demonstrate(ROW, rng, "high")).careful)
    assert shown.reasoning == "T2DM: present D20\nasthma: denied\ngout: present M50"
    assert shown.answer == '{"codes":["D20","M50"]}'


def test_hasty_answers_often_code_what_is_absent():
    rng = random.Random(0)
    answers = [json.loads(CODING.demonstrate(ROW, rng, "none").answer)["codes"] for _ in range(1000)]
    assert 0.35 < sum("R30" in answer for answer in answers) / 1000 < 0.65
    assert sum(answer == ["D20", "M50"] for answer in answers) / 1000 < 0.4


def test_no_condition_has_two_codes():
    names = [name for names in CODES.values() for name in names]
    assert len(set(names)) == len(names)


def test_every_note_has_present_and_absent_findings():
    rng = random.Random(2)
    for _ in range(200):
        row = CODING.item(rng)
        assert 0 < len(row.fields["codes"]) < len(row.facts["findings"])
        assert row.label == str(len(row.fields["codes"]))
