import json

from burnish.core.rollout import Fault, FaultNote, Grade, Group
from burnish.work.transcript import kept, lines
from tests.work.made import group, item, rollout, spelt


def test_every_answer_is_a_line_with_what_it_earned_and_taught():
    answers = group([1.0, 0.0])
    advantages = {answers.rollouts[0].key: 0.5}
    first, second = lines(3, [answers], advantages, spelt)
    assert (first["step"], first["line"], first["sample"], first["reward"]) == (3, 1, 0, 1.0)
    assert (first["advantage"], second["advantage"]) == (0.5, None)
    assert first["output_ids"] == [10, 11, 12, 13]
    assert first["logprobs"] == [-1.0] * 4
    assert first["tokens"] == ["10", "11", "12", "13"]


def test_lines_are_json_with_the_whole_grade():
    child = Grade("exact", "string_check", 0.0, (FaultNote(Fault.SAMPLE_PARSE, "no JSON"),))
    graded = rollout(0.0, grade=Grade("both", "multi", 0.0, parts={"a": child}))
    cut_off = rollout(-1.0, sample=1, ungraded=Fault.TRUNCATED)
    told = [json.loads(json.dumps(line)) for line in lines(1, [Group(item(), (graded, cut_off))], {}, spelt)]
    assert told[0]["grade"]["parts"]["a"]["faults"] == [{"fault": "sample_parse_error", "detail": "no JSON"}]
    assert told[1]["grade"] is None
    assert told[1]["ungraded"] == "truncated_observation_error"


def test_a_share_of_the_questions_is_kept_with_all_their_answers():
    written = [
        {"step": 3, "phase": phase, "line": line, "sample": sample}
        for phase in ("train", "valid")
        for line in range(400)
        for sample in range(2)
    ]
    assert kept(written, "ftjob-1", 1.0) == written
    assert {line["phase"] for line in kept(written, "ftjob-1", 0.0)} == {"valid"}
    some = kept(written, "ftjob-1", 0.25)
    train = [line["line"] for line in some if line["phase"] == "train"]
    assert len(some) - len(train) == 800
    assert sorted(train) == sorted(2 * list(set(train)))
    assert 70 < len(set(train)) < 130  # 400 questions at 0.25: 100, of deviation 8.7
    assert kept(written, "ftjob-1", 0.25) == some != kept(written, "ftjob-2", 0.25)
