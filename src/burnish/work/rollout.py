"""One step's answers: sample a group per item, grade each answer, and give every rollout its reward."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from burnish.core.rollout import Completion, Fault, Grade, Group, Item, Phase, Rollout, Sample, SampleKey
from burnish.policy.render import Renderer
from burnish.policy.roles import Request, Trainer
from burnish.work.clock import Clock
from burnish.work.plan import Plan


@dataclass(frozen=True, slots=True)
class Wanted:
    """Answers `first .. first + count - 1` to one item."""

    item: Item
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Roller:
    """Turns items into graded groups, with the trainer's present weights."""

    job_id: str
    plan: Plan
    trainer: Trainer
    renderer: Renderer
    grade: Callable[[SampleKey, Item, Sample], Awaitable[Grade]]

    async def train(self, items: Sequence[Item], step: int, clock: Clock) -> list[Group]:
        """A group per item; items whose answers all failed alike get a fixed second round.

        The second round goes into the same group and is kept whatever it gives, never "until one succeeds":
        otherwise a topic locked on a wrong answer is never visited again (docs/engine.md, recipe).
        """
        size = self.plan.group_size
        groups = await self._roll([Wanted(item, 0, size) for item in items], "train", step, clock)
        stuck = [index for index, group in enumerate(groups) if self._is_stuck(group)]
        if stuck:
            wanted = [Wanted(groups[index].item, size, size) for index in stuck]
            again = await self._roll(wanted, "train", step, clock)
            for index, extra in zip(stuck, again, strict=True):
                groups[index] = Group(extra.item, groups[index].rollouts + extra.rollouts)
        return groups

    async def validate(self, items: Sequence[Item], clock: Clock) -> list[Group]:
        """`eval_samples` answers per item. Every pass draws the same random numbers, so that passes compare."""
        return await self._roll([Wanted(item, 0, self.plan.eval_samples) for item in items], "valid", 0, clock)

    def _is_stuck(self, group: Group) -> bool:
        """Whether all rewards are equal and in the lower half of the range."""
        rewards = [rollout.reward for rollout in group.counted if rollout.reward is not None]
        middle = (self.plan.reward_min + self.plan.reward_max) / 2
        return len(rewards) > 1 and max(rewards) - min(rewards) < 1e-9 and rewards[0] < middle

    async def _roll(self, wanted: Sequence[Wanted], phase: Phase, step: int, clock: Clock) -> list[Group]:
        """Sample all, grade each, sort by key. Of errors in several answers the first is raised, as itself."""
        try:
            rollouts = await self._rollouts(wanted, phase, step, clock)
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        by_line = _by(rollouts, lambda rollout: rollout.key.line)
        return [Group(wish.item, tuple(by_line[wish.item.line])) for wish in wanted]

    async def _rollouts(self, wanted: Sequence[Wanted], phase: Phase, step: int, clock: Clock) -> list[Rollout]:
        """Each answer graded as it finishes or, with a local judge, when all are there."""
        items = {wish.item.line: wish.item for wish in wanted}
        requests = [request for wish in wanted for request in self._requests(wish, phase, step)]
        completions: list[Completion] = []
        grading: list[asyncio.Task[Rollout]] = []
        sampler = await self.trainer.sampler()
        async with asyncio.TaskGroup() as tasks:
            async for completion in sampler.sample(requests):
                completions.append(completion)
                if not self.plan.grade_after_sampling:
                    grading.append(tasks.create_task(self._grade(completion, items[completion.key.line])))
            if self.plan.grade_after_sampling:
                completions.sort(key=lambda completion: completion.key)
                grading = [tasks.create_task(self._grade(each, items[each.key.line])) for each in completions]
            with clock.phase("grading"):
                await asyncio.gather(*grading)
        return sorted((task.result() for task in grading), key=lambda rollout: rollout.key)

    def _requests(self, wish: Wanted, phase: Phase, step: int) -> list[Request]:
        prompt = self.renderer.prompt(wish.item.messages, wish.item.tools, self.plan.reasoning_effort)
        return [
            Request(
                key=SampleKey(self.job_id, phase, step, wish.item.line, sample),
                prompt_ids=prompt,
                max_tokens=self.plan.max_tokens,
                reasoning_tokens=self.plan.reasoning_tokens,
                response_schema=self.plan.response_schema,
                seed=self.plan.seed,
            )
            for sample in range(wish.first, wish.first + wish.count)
        ]

    async def _grade(self, completion: Completion, item: Item) -> Rollout:
        """An answer without an end, without content or without the JSON it owes is not shown to the grader."""
        sample = self.renderer.reply(completion, structured=self.plan.response_schema is not None)
        ungraded = self._why_ungraded(completion, sample)
        if ungraded is not None:
            reward: float | None = self.plan.ungradable_reward
            return Rollout(completion.key, item, (completion,), sample, None, ungraded, reward)
        grade = await self.grade(completion.key, item, sample)
        return Rollout(completion.key, item, (completion,), sample, grade, None, grade.score)

    def _why_ungraded(self, completion: Completion, sample: Sample) -> Fault | None:
        if completion.finish == "length":
            return Fault.TRUNCATED
        if not sample.text and not sample.tool_calls:
            return Fault.UNRESPONSIVE
        if self.plan.response_schema is not None and sample.json is None:
            return Fault.SAMPLE_PARSE
        return None


def _by(rollouts: Sequence[Rollout], key: Callable[[Rollout], int]) -> dict[int, list[Rollout]]:
    groups: dict[int, list[Rollout]] = {}
    for rollout in rollouts:
        groups.setdefault(key(rollout), []).append(rollout)
    return groups
