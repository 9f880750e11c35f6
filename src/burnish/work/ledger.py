"""A job's ledger: what it has used and cost, as its `usage_metrics` show it. It is written with each step, and once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from burnish.core.budget import Amounts, Budget
from burnish.core.rollout import TokenUsage
from burnish.work.cost import Cost
from burnish.work.pace import Pace
from burnish.work.usage import Seconds, Tokens, Usage


@dataclass(frozen=True, slots=True)
class Ledger:
    """The totals of all steps that are written down."""

    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=Cost)
    budget: Budget = field(default_factory=Budget)
    """In force when it was written."""
    counts_from: Amounts = field(default_factory=Amounts)
    """What had been spent when the budget was granted."""
    estimate: Amounts | None = None
    """Of the whole job, made before its first step."""
    pace: Pace | None = None

    @property
    def spent(self) -> Amounts:
        """What budgets and the estimate are compared with."""
        return amounts(self.usage, self.cost)

    def record(self) -> dict[str, Any]:
        """As the job shows it; JSON."""
        usage = self.usage
        return {
            "seconds": {**asdict(usage.seconds), "total": usage.seconds.total},
            "tokens": asdict(usage.tokens),
            "model_graders_token_usage": {model: asdict(used) for model, used in usage.judges.items()},
            "python_grader_seconds": usage.python_seconds,
            "cost": {**asdict(self.cost), "total_usd": self.cost.total_usd},
            "budget": {"granted": asdict(self.budget), "counts_from": asdict(self.counts_from)},
            "estimate": asdict(self.estimate) if self.estimate is not None else None,
            "pace": asdict(self.pace) if self.pace is not None else None,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Reads what `record` wrote."""
        usage = Usage(
            seconds=Seconds(**_without(record["seconds"], "total")),
            tokens=Tokens(**record["tokens"]),
            judges={model: TokenUsage(**used) for model, used in record["model_graders_token_usage"].items()},
            python_seconds=record["python_grader_seconds"],
        )
        estimate, pace = record["estimate"], record["pace"]
        return cls(
            usage=usage,
            cost=Cost(**_without(record["cost"], "total_usd")),
            budget=Budget(**record["budget"]["granted"]),
            counts_from=Amounts(**record["budget"]["counts_from"]),
            estimate=Amounts(**estimate) if estimate is not None else None,
            pace=Pace(**pace) if pace is not None else None,
        )


def amounts(usage: Usage, cost: Cost) -> Amounts:
    """The three figures that a job is steered by."""
    return Amounts(cost.total_usd, usage.seconds.total, usage.tokens.sampled)


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
