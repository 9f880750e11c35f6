import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from burnish.core.errors import StoreUnavailable
from burnish.core.rollout import Completion, Fault, Grade, Item, Sample, SampleKey, Source
from burnish.policy.roles import Abilities, Request
from burnish.work.clock import Clock
from burnish.work.plan import Plan
from burnish.work.rollout import Roller
from tests.work.made import item
from tests.work.test_plan import plan


@dataclass
class Scripted:
    """A trainer whose sampler finishes answers backwards; what an answer says is its sample number."""

    can: Abilities = Abilities(grammar=True, kl_in_loss=True, exact_resume=True)
    requests: list[Request] = field(default_factory=list)

    async def sampler(self) -> "Scripted":
        return self

    async def sample(self, requests: Sequence[Request]) -> AsyncIterator[Completion]:
        self.requests += requests
        for request in reversed(requests):
            yield Completion(
                key=request.key,
                prompt_ids=request.prompt_ids,
                output_ids=array("q", [request.key.sample]),
                logprobs=array("d", [-1.0]),
                source=array("q", [Source.SAMPLED]),
                allowed_mass=array("d", [1.0]),
                constraint=None,
                temperature=1.0,
                policy_version=0,
                reasoning_tokens=0,
                finish="length" if request.key.sample == 7 else "stop",
            )


class Plain:
    """A renderer whose ids are what they say."""

    def prompt(self, messages: Any, tools: Any, effort: Any) -> "array[int]":
        return array("q", [1])

    def reply(self, completion: Completion, *, structured: bool = False) -> Sample:
        text = "" if completion.output_ids[0] == 6 else str(completion.output_ids[0])
        return Sample(text, None, finish=completion.finish)


@dataclass
class Scores:
    """A grader that gives each sample number its score."""

    scores: dict[int, float | None]
    seen: list[str] = field(default_factory=list)

    async def __call__(self, key: SampleKey, item: Item, sample: Sample) -> Grade:
        self.seen.append(sample.text)
        return Grade("scores", "string_check", self.scores.get(int(sample.text), 0.0))


def roller(scores: dict[int, float | None], **fields: Any) -> tuple[Roller, Scripted, Scores]:
    trainer, grader = Scripted(), Scores(scores)
    made: Plan = replace(plan(), **fields)
    return Roller("ftjob-1", made, trainer, Plain(), grader), trainer, grader  # type: ignore[arg-type]  # stand-ins


def rewards(group: Any) -> list[float | None]:
    return [rollout.reward for rollout in group.rollouts]


def test_groups_stand_in_the_order_of_items_and_samples_whatever_finishes_first():
    made, _, _ = roller({0: 1.0})
    groups = asyncio.run(made.train([item(2), item(1)], 1, Clock()))
    assert [group.item.line for group in groups] == [2, 1]
    assert [rollout.key.sample for rollout in groups[0].rollouts] == list(range(8))


def test_answers_without_an_end_or_content_are_not_graded_and_get_their_reward():
    made, _, grader = roller({0: 1.0}, ungradable_reward=-1.0)
    (group,) = asyncio.run(made.train([item()], 1, Clock()))
    assert rewards(group)[6:] == [-1.0, -1.0]
    assert [rollout.ungraded for rollout in group.rollouts][6:] == [Fault.UNRESPONSIVE, Fault.TRUNCATED]
    assert "7" not in grader.seen


def test_an_answer_that_owes_json_and_has_none_is_not_graded():
    made, _, grader = roller({}, response_schema="{}")
    asyncio.run(made.validate([item()], Clock()))
    assert grader.seen == []


def test_a_group_that_failed_alike_gets_a_fixed_second_round_and_keeps_it():
    made, trainer, _ = roller({9: 1.0})
    (group,) = asyncio.run(made.train([item()], 1, Clock()))
    assert len(group.rollouts) == 16
    assert rewards(group)[9] == 1.0
    assert [request.key.sample for request in trainer.requests] == list(range(16))


def test_a_group_that_succeeded_alike_gets_no_second_round():
    made, _, _ = roller(dict.fromkeys(range(8), 1.0), ungradable_reward=1.0)
    (group,) = asyncio.run(made.train([item()], 1, Clock()))
    assert len(group.rollouts) == 8


def test_a_grade_that_failed_us_leaves_no_reward():
    made, _, _ = roller({0: None, 1: 1.0})
    (group,) = asyncio.run(made.train([item()], 1, Clock()))
    assert group.rollouts[0].reward is None
    assert len(group.counted) == 7


def test_every_validation_draws_the_same_random_numbers():
    made, trainer, _ = roller({})
    for _ in range(2):
        asyncio.run(made.validate([item()], Clock()))
    keys = [request.key for request in trainer.requests]
    assert keys[: len(keys) // 2] == keys[len(keys) // 2 :]
    assert {(key.phase, key.step) for key in keys} == {("valid", 0)}


def test_a_local_judge_sees_the_answers_in_order_when_all_are_there():
    made, _, grader = roller({0: 1.0}, grade_after_sampling=True)
    asyncio.run(made.train([item()], 1, Clock()))
    assert grader.seen == ["0", "1", "2", "3", "4", "5"]


class Away:
    """A grader whose journal cannot be written."""

    async def __call__(self, key: SampleKey, item: Item, sample: Sample) -> Grade:
        raise StoreUnavailable("the database is away")


def test_what_goes_wrong_in_the_grading_of_many_answers_is_raised_as_itself():
    made, _, _ = roller({})
    with pytest.raises(StoreUnavailable, match="the database is away"):
        asyncio.run(replace(made, grade=Away()).train([item(1), item(2)], 1, Clock()))
