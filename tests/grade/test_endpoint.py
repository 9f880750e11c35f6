import asyncio
import logging

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest, TooLarge
from burnish.core.rollout import Fault, Item, Sample
from burnish.grade.build import build
from burnish.grade.endpoint import Pace
from burnish.grade.tools import Tools
from burnish.spec.grader import EndpointSpec, MultiSpec
from tests.fakes import FakePoster, FakeSleep

ITEM = Item(line=1, messages=(), tools=(), fields={"messages": [], "answer": "yes"})
SPEC = {"type": "endpoint", "name": "mine", "url": "https://grader.test/score", "headers": {"authorization": "s3cret"}}


def graded(*answers, **changes):
    poster, sleep = FakePoster(answers), FakeSleep()
    grader = build(EndpointSpec.model_validate({**SPEC, **changes}), Tools(poster=poster, sleep=sleep))
    return asyncio.run(grader(ITEM, Sample("no", {"a": 1}))), poster, sleep


def test_sample_item_and_a_trace_id_go_out_and_the_score_comes_back_as_it_is():
    grade, poster, _ = graded({"score": 4.5, "why": "good"})
    assert (grade.score, grade.faults, grade.name, grade.type) == (4.5, (), "mine", "endpoint")
    [(url, body, headers)] = poster.sent
    assert (url, headers) == ("https://grader.test/score", {"authorization": "s3cret"})
    assert body.keys() == {"sample", "item", "trace_id"}
    assert body["item"] == {"messages": [], "answer": "yes"}
    assert body["sample"]["output_text"] == "no"
    assert body["sample"]["output_json"] == {"a": 1}
    assert body["sample"]["choices"][0]["message"] == {"role": "assistant", "content": "no", "refusal": None}
    assert body["trace_id"].startswith("trace_")


@pytest.mark.parametrize(
    "failure",
    [
        GraderUnavailable("HTTP 500"),
        {"score": "1"},
        {"score": True},
        {"score": None},
        {"score": float("nan")},
        {"score": float("inf")},
        {"score": 10**400},
        {},
        [1.0],
        None,
    ],
)
def test_any_failure_is_tried_again_with_growing_pauses_and_the_same_trace(failure):
    grade, poster, sleep = graded(failure, failure, failure, {"score": -1})
    assert (grade.score, grade.faults) == (-1.0, ())
    assert sleep.pauses_s == [1.0, 2.0, 4.0]
    assert len({body["trace_id"] for _, body, _ in poster.sent}) == 1


def test_after_the_third_retry_there_is_no_grade_and_the_flag_is_other_error(caplog):
    caplog.set_level(logging.DEBUG)
    grade, poster, sleep = graded(GraderUnavailable("HTTP 503"))
    [note] = grade.faults
    assert (grade.score, note.fault) == (None, Fault.OTHER)
    assert note.detail == "The grader's endpoint gave no score: HTTP 503."
    assert (len(poster.sent), len(sleep.pauses_s)) == (4, 3)
    assert "s3cret" not in caplog.text + repr([record.__dict__ for record in caplog.records])


def test_what_is_too_large_is_not_tried_again():
    grade, poster, _ = graded(TooLarge("The sample and the item have 2000000 bytes"))
    assert (grade.score, grade.faults[0].fault, len(poster.sent)) == (None, Fault.OTHER, 1)


def test_a_multi_grader_with_a_lost_endpoint_has_no_score_either():
    multi = MultiSpec.model_validate({"type": "multi", "graders": {"e": SPEC}, "calculate_output": "e"})
    poster = FakePoster([GraderUnavailable("gone")])
    grade = asyncio.run(build(multi, Tools(poster=poster, sleep=FakeSleep()))(ITEM, Sample("no", None)))
    assert grade.score is None


def test_attempts_keep_the_rate():
    _, poster, sleep = graded(GraderUnavailable("busy"), {"score": 1}, rate_limit=0.001)
    assert len(poster.sent) == 2
    assert sleep.pauses_s[0] == 1.0
    assert sleep.pauses_s[1] == pytest.approx(1000.0, abs=60.0)


def test_turns_come_evenly_and_time_that_has_passed_is_not_saved_up():
    now, sleep = [100.0], FakeSleep()
    pace = Pace(4.0, sleep, clock=lambda: now[0])

    async def turns(count):
        for _ in range(count):
            await pace.turn()

    asyncio.run(turns(3))
    assert sleep.pauses_s == [0.25, 0.5]
    now[0] = 110.0
    asyncio.run(turns(2))
    assert sleep.pauses_s == [0.25, 0.5, 0.25]


def test_where_nothing_can_post_it_is_refused():
    with pytest.raises(InvalidRequest) as caught:
        build(EndpointSpec.model_validate(SPEC), Tools())
    assert caught.value.param == "grader.type"
