"""One update: credit the groups, drop those that teach nothing, take one optimizer step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from burnish.core.rollout import Example, Group, SampleKey
from burnish.learn.advantage import credit
from burnish.learn.batch import examples_of, with_reference
from burnish.policy.roles import Adam, Artifact, LossStats, PolicyGradient, Snapshot, StepStats, Trainer
from burnish.work.plan import Plan


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a step taught."""

    groups: int
    too_small: int
    """Groups with fewer than two rewards: our own faults took the rest."""
    without_variance: int
    """Groups whose rewards were all equal; they teach nothing and are dropped."""
    loss: LossStats | None
    """None where no group was left to learn from."""
    step: StepStats | None
    learning_rate: float
    advantages: Mapping[SampleKey, float]
    """Of the answers that were learnt from."""

    @property
    def trained_tokens(self) -> int:
        """Output tokens that carried a gradient."""
        return self.loss.tokens if self.loss else 0


@dataclass(frozen=True, slots=True)
class Learner:
    """Takes the steps of a plan."""

    plan: Plan
    trainer: Trainer

    async def learn(self, step: int, groups: Sequence[Group]) -> Lesson:
        """One optimizer step on the groups that teach something; none at all where there is no such group."""
        plan = self.plan
        credited = credit(groups, reward_range=plan.reward_max - plan.reward_min, baseline=plan.baseline)
        examples = examples_of(credited.credits)
        loss = step_stats = None
        if examples:
            objective = PolicyGradient(kl=plan.kl, normalizer=plan.normalizer)
            loss = await self.trainer.forward_backward(await self._referred(step, examples), objective)
            step_stats = await self.trainer.optim_step(Adam(plan.lr(step)))
        return Lesson(
            groups=len(groups),
            too_small=credited.too_small,
            without_variance=credited.without_variance,
            loss=loss,
            step=step_stats,
            learning_rate=plan.lr(step),
            advantages={
                rollout.key: advantage
                for each in credited.credits
                for rollout, advantage in zip(each.group.counted, each.advantages, strict=True)
            },
        )

    async def snapshot(self, directory: Path) -> Snapshot:
        """All that the next step hangs on."""
        return await self.trainer.snapshot(directory)

    async def restore(self, snapshot: Snapshot) -> None:
        """Go on from there."""
        await self.trainer.restore(snapshot)

    async def publish(self, directory: Path) -> Artifact:
        """The present weights as a servable model."""
        return await self.trainer.publish(directory)

    async def _referred(self, step: int, examples: tuple[Example, ...]) -> tuple[Example, ...]:
        """With the reference's log-probs where the loss needs them, or the step's metrics will report the KL."""
        if self.plan.kl > 0 or self.plan.validates_after(step):
            return with_reference(examples, await self.trainer.forward(examples, reference=True))
        return examples
