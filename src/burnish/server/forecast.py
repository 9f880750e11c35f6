"""What a job may take, told before it is made, from the ledgers of jobs of the same base that have ended here."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import fsum
from typing import Any

from burnish.core.job import JobStatus
from burnish.prices import Prices
from burnish.server.desk import Desk
from burnish.spec.schedule import Schedule
from burnish.store.summaries import Summary

Json = Any
JOBS = 3
"""The latest that it is told from."""
LOOKED_AT = 50
"""Succeeded jobs among which they are looked for."""
_COUNTS = tuple(field.name for field in fields(Schedule))


@dataclass(frozen=True, slots=True)
class Forecast:
    """Time, tokens and money of a job, should its answers be as long and as fast as those of others."""

    seconds: float
    tokens: int
    """Sampled, in training and validation."""
    usd: float | None
    """Of the machine; judges are not in it. None: it has no price."""
    jobs: tuple[str, ...]
    """Those that it is told from."""


def forecast(desk: Desk, model: str, wanted: Schedule) -> Forecast | None:
    """What the job will take; None where no job of its base has succeeded here yet."""
    page = desk.store.summaries.page(status=JobStatus.SUCCEEDED, search=None, after=None, limit=LOOKED_AT, points=2)
    target = desk.settings.resolve(model)
    like = [each for each in page.items if desk.settings.resolve(each.job.model) == target and _is_told(each)]
    return _told(like[:JOBS], wanted, desk.settings.prices) if like else None


def _told(like: Sequence[Summary], wanted: Schedule, prices: Prices) -> Forecast:
    answers = fsum(_share(each) * _schedule(each).answers for each in like)
    looked = fsum(_share(each) * _schedule(each).valid_answers for each in like)
    train_s = fsum(_used(each, "seconds", name) for each in like for name in ("sampling", "grading", "training"))
    train_tokens = fsum(_used(each, "tokens", "train_sampled") for each in like)
    valid_tokens = fsum(_used(each, "tokens", "valid_sampled") for each in like)
    seconds = (
        wanted.answers * train_s / answers
        + wanted.valid_answers * fsum(_used(each, "seconds", "evaluation") for each in like) / looked
        + fsum(_used(each, "seconds", "other") for each in like) / len(like)
    )
    return Forecast(
        seconds=seconds,
        tokens=round(wanted.answers * train_tokens / answers + wanted.valid_answers * valid_tokens / looked),
        usd=seconds / 3600 * prices.machine_hour_usd if prices.machine_hour_usd else None,
        jobs=tuple(each.job.id for each in like),
    )


def _is_told(summary: Summary) -> bool:
    return bool(summary.job.usage_metrics and summary.job.plan and summary.points and summary.points[-1]["step"])


def _share(summary: Summary) -> float:
    """How much of its plan it has done: one that stopped early has not done all."""
    last = summary.points[-1]
    return float(last["step"] / last["total_steps"])


def _schedule(summary: Summary) -> Schedule:
    return Schedule(**{name: (summary.job.plan or {})[name] for name in _COUNTS})


def _used(summary: Summary, what: str, name: str) -> float:
    return float((summary.job.usage_metrics or {})[what][name])
