"""Turns a job into numbers: every "auto" resolved by a stated rule, nothing decided silently later.

Sources of the rules: docs/engine.md (recipe) and docs/jobs.md (what "auto" means). Pure: no clock, no model.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from burnish.settings import Training
from burnish.spec.job import Hyperparameters
from burnish.spec.schedule import echoed, schedule

TOKENS_PER_ANSWER = 64
"""The planned answer length in the loss's normalizer; a constant, so that dropped groups do not inflate the rest."""
SNAPSHOT_BYTES = 64 * 1024 * 1024
"""A snapshot of at most this size follows every step; larger ones, as many times less often."""
WARMUP_STEPS = 5
"""Steps over which the learning rate rises linearly."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the base model and the data allow."""

    context: int
    longest_prompt: int
    reasoning_tokens: int
    """The effort's reasoning budget."""
    answer_tokens: int
    """Most tokens after the reasoning, the closing mark and the stop token among them."""
    lora_lr: float
    full_lr: float
    snapshot_bytes: int
    """Size of weights and moments."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of weights and activations, as the base was loaded."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All numbers of a run. Kept in the job row and never changed while the job lives."""

    seed: int
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
    parameters: Literal["lora", "full"]
    lora_rank: int
    lora_alpha: float
    learning_rate: float
    """The built-in rate times the multiplier."""
    learning_rate_multiplier: float
    compute_multiplier: float
    reasoning_effort: str
    reasoning_tokens: int
    max_tokens: int
    """Most output tokens of an answer, reasoning included."""
    baseline: Literal["leave_one_out", "grpo"]
    """How rewards become advantages; see `learn/advantage.py`."""
    kl: float
    ungradable_reward: float
    reward_min: float
    reward_max: float
    """The range that the grader can give."""
    normalizer: float
    threads: int
    response_schema: str | None
    grade_after_sampling: bool
    """A local judge would fight the sampler for the same cores, so it grades when all answers are there."""
    snapshot_interval: int
    """Steps between snapshots: after a crash, at most so many are done again."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of weights and activations."""
    early_stop_patience: int | None = None
    """Validation passes in a row that may bring no higher reward; None: as many as there are."""

    def lr(self, step: int) -> float:
        """The learning rate of a step, counted from 1."""
        return self.learning_rate * min(1.0, step / WARMUP_STEPS)

    def validates_after(self, step: int) -> bool:
        """Whether a validation pass, and with it a checkpoint, follows this step."""
        return step % self.eval_interval == 0 or step == self.total_steps

    def keeps(self, step: int) -> bool:
        """Whether a snapshot follows this step."""
        return step % self.snapshot_interval == 0 or self.validates_after(step)

    def rows_at(self, step: int) -> list[int]:
        """Indexes of the rows of a step: each epoch is every row once, in an order drawn from the seed."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        order = list(range(self.train_rows))
        random.Random(f"{self.seed}:{epoch}").shuffle(order)
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    def steps(self, first: int = 1) -> Iterator[int]:
        """The steps still to do."""
        return iter(range(first, self.total_steps + 1))

    def record(self) -> dict[str, Any]:
        """As JSON, for the job row and the plan event."""
        return asdict(self)

    def hyperparameters(self) -> dict[str, int | float | str]:
        """What the job echoes instead of "auto" once the plan stands."""
        return echoed(self)

    def sentence(self) -> str:
        """The plan in words, for the event log."""
        stop = f", ends after {self.early_stop_patience} validation passes in a row without a higher reward"
        return (
            f"Plan: {self.total_steps} steps ({self.n_epochs} epochs of {self.train_rows} rows, {self.batch_size} rows "
            f"x {self.group_size} answers a step), {self.parameters} at learning rate {self.learning_rate:.3g}, "
            f"validation every {self.eval_interval} steps with {self.eval_samples} answers per row, reasoning effort "
            f"{self.reasoning_effort} (at most {self.reasoning_tokens} of {self.max_tokens} tokens)"
            f"{stop if self.early_stop_patience is not None else ''}"
        )


def make_plan(
    hyper: Hyperparameters,
    training: Training,
    limits: Limits,
    *,
    seed: int,
    train_rows: int,
    valid_rows: int,
    reward_range: tuple[float, float],
    response_schema: str | None,
    grade_after_sampling: bool,
) -> Plan:
    """Resolve every hyperparameter. `limits` must leave room for an answer: the caller has checked the prompts."""
    counts = schedule(hyper, train_rows=train_rows, valid_rows=valid_rows)
    rate = limits.lora_lr if training.parameters == "lora" else limits.full_lr
    room = limits.context - limits.longest_prompt
    return Plan(
        seed=seed,
        train_rows=train_rows,
        valid_rows=valid_rows,
        n_epochs=counts.n_epochs,
        batch_size=counts.batch_size,
        group_size=counts.group_size,
        steps_per_epoch=counts.steps_per_epoch,
        total_steps=counts.total_steps,
        eval_interval=counts.eval_interval,
        eval_samples=counts.eval_samples,
        parameters=training.parameters,
        lora_rank=training.lora_rank,
        lora_alpha=training.lora_alpha,
        learning_rate=rate * counts.learning_rate_multiplier,
        learning_rate_multiplier=counts.learning_rate_multiplier,
        compute_multiplier=counts.compute_multiplier,
        reasoning_effort=counts.reasoning_effort,
        reasoning_tokens=min(limits.reasoning_tokens, room // 2),
        max_tokens=min(limits.reasoning_tokens + limits.answer_tokens, room),
        baseline=training.baseline,
        kl=training.kl,
        ungradable_reward=training.ungradable_reward,
        reward_min=reward_range[0],
        reward_max=reward_range[1],
        normalizer=float(counts.batch_size * counts.group_size * TOKENS_PER_ANSWER),
        threads=training.threads,
        dtype=limits.dtype,
        response_schema=response_schema,
        grade_after_sampling=grade_after_sampling,
        snapshot_interval=-(-limits.snapshot_bytes // SNAPSHOT_BYTES),
    )
