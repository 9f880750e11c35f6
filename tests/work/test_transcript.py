import json

from burnish.core.rollout import Fault, FaultNote, Grade, Group
from burnish.work.transcript import lines
from tests.work.made import group, item, rollout


def test_every_answer_is_a_line_with_what_it_earned_and_taught():
    answers = group([1.0, 0.0])
    advantages = {answers.rollouts[0].key: 0.5}
    first, second = lines(3, [answers], advantages)
    assert (first["step"], first["line"], first["sample"], first["reward"]) == (3, 1, 0, 1.0)
    assert (first["advantage"], second["advantage"]) == (0.5, None)
    assert first["output_ids"] == [10, 11, 12, 13]
    assert first["logprobs"] == [-1.0] * 4


def test_lines_are_json_with_the_whole_grade():
    child = Grade("exact", "string_check", 0.0, (FaultNote(Fault.SAMPLE_PARSE, "no JSON"),))
    graded = rollout(0.0, grade=Grade("both", "multi", 0.0, parts={"a": child}))
    cut_off = rollout(-1.0, sample=1, ungraded=Fault.TRUNCATED)
    told = [json.loads(json.dumps(line)) for line in lines(1, [Group(item(), (graded, cut_off))], {})]
    assert told[0]["grade"]["parts"]["a"]["faults"] == [{"fault": "sample_parse_error", "detail": "no JSON"}]
    assert told[1]["grade"] is None
    assert told[1]["ungraded"] == "truncated_observation_error"
