"""How many steps, answers and validation passes a job has: what "auto" comes to, from the numbers of rows alone.

The rules are told in docs/jobs.md. Pure: no clock, no model.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import Field

from burnish.spec.base import Body
from burnish.spec.job import Hyperparameters

_Value = TypeVar("_Value", int, float)

GROUP_SIZE = 8
"""Answers per prompt at compute_multiplier 1: 8 to 16 is the field's range (TRL 8, DAPO 16)."""
AUTO_STEPS = 60
"""Steps that an "auto" n_epochs aims at."""
AUTO_BATCHES = 10
"""Steps per epoch that an "auto" batch_size aims at, within 8 to 32 rows: small batches are noise (decision 0007)."""
AUTO_MAX_EPOCHS = 30
"""Most epochs that "auto" takes; more than that on a few rows only memorises them."""
EVALUATIONS = 10
"""Validation passes that an "auto" eval_interval spreads over the run."""


ECHOED = (
    "n_epochs",
    "batch_size",
    "learning_rate_multiplier",
    "compute_multiplier",
    "eval_interval",
    "eval_samples",
    "reasoning_effort",
)
"""Hyperparameters, in the order in which a job shows them."""


class PlanRequest(Body):
    """The body of POST /v1/burnish/plan: what of a job its counts follow from."""

    model: str = Field(min_length=1)
    training_file: str = Field(min_length=1)
    validation_file: str = Field(min_length=1)
    hyperparameters: Hyperparameters = Hyperparameters()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The counts of a job."""

    train_rows: int
    valid_rows: int
    n_epochs: int
    batch_size: int
    """Rows per step."""
    group_size: int
    """Answers per row."""
    steps_per_epoch: int
    total_steps: int
    eval_interval: int
    eval_samples: int
    compute_multiplier: float
    learning_rate_multiplier: float
    reasoning_effort: str

    @property
    def answers(self) -> int:
        """Training answers, second rounds left out."""
        return self.train_rows * self.n_epochs * self.group_size

    @property
    def passes(self) -> int:
        """Validation passes, the one before any update and the one after the last step included."""
        return 1 + -(-self.total_steps // self.eval_interval)

    @property
    def valid_answers(self) -> int:
        """Answers of all validation passes."""
        return self.passes * self.valid_rows * self.eval_samples

    def hyperparameters(self) -> dict[str, int | float | str]:
        """What the job will echo instead of "auto"."""
        return echoed(self)


def echoed(numbers: Any) -> dict[str, int | float | str]:
    """The hyperparameters that a job echoes, from a schedule or a plan."""
    return {name: getattr(numbers, name) for name in ECHOED}


def schedule(hyper: Hyperparameters, *, train_rows: int, valid_rows: int) -> Schedule:
    """Resolve every count."""
    batch_size = min(_number(hyper.batch_size, min(32, max(8, round(train_rows / AUTO_BATCHES)))), train_rows)
    steps_per_epoch = -(-train_rows // batch_size)
    n_epochs = _number(hyper.n_epochs, min(AUTO_MAX_EPOCHS, max(1, round(AUTO_STEPS / steps_per_epoch))))
    total_steps = steps_per_epoch * n_epochs
    compute = float(_number(hyper.compute_multiplier, 1.0))
    return Schedule(
        train_rows=train_rows,
        valid_rows=valid_rows,
        n_epochs=n_epochs,
        batch_size=batch_size,
        group_size=max(2, round(GROUP_SIZE * compute)),
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        eval_interval=_number(hyper.eval_interval, max(1, -(-total_steps // EVALUATIONS))),
        eval_samples=_number(hyper.eval_samples, max(1, min(4, -(-64 // valid_rows)))),
        compute_multiplier=compute,
        learning_rate_multiplier=float(_number(hyper.learning_rate_multiplier, 1.0)),
        reasoning_effort="medium" if hyper.reasoning_effort == "default" else hyper.reasoning_effort,
    )


def _number(value: _Value | Literal["auto"], rule: _Value) -> _Value:
    return rule if value == "auto" else value
