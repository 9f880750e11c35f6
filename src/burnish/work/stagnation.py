"""Whether validation passes still bring something; it follows from rewards that were written down alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from burnish.core.records import Event, NewEvent


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation pass found."""

    step: int
    """After which it came; 0: before any update."""
    reward: float
    """The mean."""


@dataclass(frozen=True, slots=True)
class Stagnation:
    """How many passes in a row, up to the last one, brought no reward above all before them."""

    patience: int | None
    """How many are too many; None: never."""
    best: Validation | None = None
    """The first of the highest."""
    last: Validation | None = None
    passes: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the run has had all the patience that there is."""
        return self.patience is not None and self.passes >= self.patience

    def after(self, *validations: Validation) -> "Stagnation":
        """The stagnation after passes more."""
        state = self
        for each in validations:
            if state.best is None or each.reward > state.best.reward:
                state = Stagnation(self.patience, each, each)
            else:
                state = Stagnation(self.patience, state.best, each, state.passes + 1)
        return state

    def event(self, total_steps: int) -> NewEvent:
        """Why the run ended."""
        assert self.best is not None and self.last is not None
        return NewEvent(
            f"Stopped early after step {self.last.step} of {total_steps}: in {self.passes} validation passes in a row "
            f"the mean reward was never above {self.best.reward:.4g}, which it had after step {self.best.step}",
            data={"early_stop": {"step": self.last.step, "best_step": self.best.step, "best": self.best.reward}},
        )


def validations(events: Iterable[Event], up_to: int) -> Sequence[Validation]:
    """The passes that a job's events tell of, no later than a step, in their order."""
    data = [event.data for event in events if event.data is not None and "full_valid_mean_reward" in event.data]
    return [Validation(each["step"], each["full_valid_mean_reward"]) for each in data if each["step"] <= up_to]
