"""How fast a run goes, and what of its time is left. Clock fields."""

from dataclasses import dataclass

from burnish.work.plan import Plan

RECENT = 0.2
"""Least weight of the newest step: answers grow and shrink as a model learns, so that old steps must fade."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Means over the steps so far, in seconds, in which the later ones weigh more."""

    step: float
    """Sampling (second rounds and grading included) and training."""
    writing: float
    """What else a step without a validation pass takes."""
    validation: float
    """What else a step with one takes: the pass, the checkpoint, the writing."""

    def after(self, plan: Plan, step: int, core_s: float, rest_s: float) -> "Pace":
        """The pace after a step; what was guessed before the first counts as one step."""
        validated = _validated(plan, step)
        is_validated = plan.validates_after(step)
        return Pace(
            step=_towards(self.step, core_s, 1 + step),
            writing=self.writing if is_validated else _towards(self.writing, rest_s, 1 + step - validated),
            validation=_towards(self.validation, rest_s, 1 + validated) if is_validated else self.validation,
        )

    def left_s(self, plan: Plan, step: int) -> float:
        """Seconds from the end of a step to the end of the run."""
        steps = plan.total_steps - step
        validated = _validated(plan, plan.total_steps) - _validated(plan, step)
        return steps * self.step + (steps - validated) * self.writing + validated * self.validation


def _validated(plan: Plan, step: int) -> int:
    """How many of the steps up to this one have a validation pass."""
    return sum(plan.validates_after(each) for each in range(1, step + 1))


def _towards(mean: float, value: float, count: int) -> float:
    """The mean with its `count`-th value."""
    return mean + (value - mean) * max(1 / count, RECENT)
