import asyncio
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from burnish.core.rollout import Example
from burnish.policy.roles import Abilities, Adam, Artifact, LossStats, PolicyGradient, Sampler, Snapshot, StepStats
from burnish.work.learner import Learner
from tests.work.made import group
from tests.work.test_plan import plan


@dataclass
class FakeTrainer:
    """Writes down what it is asked to learn."""

    can: Abilities = Abilities(grammar=True, kl_in_loss=True, exact_resume=True)
    seen: list[tuple[Example, ...]] = field(default_factory=list)
    losses: list[PolicyGradient] = field(default_factory=list)
    adams: list[Adam] = field(default_factory=list)

    async def forward(self, examples: Sequence[Example], *, reference: bool = False) -> "list[array[float]]":
        assert reference
        return [array("d", [-2.0] * len(example.output_ids)) for example in examples]

    async def forward_backward(self, examples: Sequence[Example], loss: PolicyGradient) -> LossStats:
        self.seen.append(tuple(examples))
        self.losses.append(loss)
        return LossStats(8, 0.0, 0.0, 0.0, 0, 0.0, 0.0)

    async def optim_step(self, adam: Adam) -> StepStats:
        self.adams.append(adam)
        return StepStats(1.0, len(self.adams))

    async def sampler(self) -> Sampler:
        raise NotImplementedError

    async def publish(self, directory: Path) -> Artifact:
        return Artifact(directory, "lora")

    async def snapshot(self, directory: Path) -> Snapshot:
        raise NotImplementedError

    async def restore(self, snapshot: Snapshot) -> None:
        raise NotImplementedError


def test_a_group_is_learnt_from_with_its_advantages():
    trainer = FakeTrainer()
    lesson = asyncio.run(Learner(plan(), trainer).learn(9, [group([1.0, 0.0])]))
    # leave-one-out: +-1; the batch's standard deviation is .5, so the advantages are +-2
    assert [example.advantage[0] for example in trainer.seen[0]] == pytest.approx([2.0, -2.0])
    assert list(lesson.advantages.values()) == pytest.approx([2.0, -2.0])
    assert trainer.adams == [Adam(lr=2e-3)]
    assert trainer.losses[0].normalizer == 24 * 8 * 64


def test_a_group_of_equal_rewards_teaches_nothing_and_is_counted():
    trainer = FakeTrainer()
    lesson = asyncio.run(Learner(plan(), trainer).learn(1, [group([0.5, 0.5]), group([1.0, None], line=2)]))
    assert trainer.seen == trainer.adams == []
    assert (lesson.without_variance, lesson.too_small, lesson.trained_tokens) == (1, 1, 0)


def test_the_reference_is_asked_only_where_it_is_reported():
    trainer = FakeTrainer()
    learner = Learner(plan(), trainer)  # validates every 6 steps
    asyncio.run(learner.learn(5, [group([1.0, 0.0])]))
    asyncio.run(learner.learn(6, [group([1.0, 0.0])]))
    assert trainer.seen[0][0].ref_logp is None
    assert trainer.seen[1][0].ref_logp == array("d", [-2.0] * 4)
