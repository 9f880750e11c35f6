"""One job as lines of text: where it stands, and its ledger."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from burnish.cli.tables import moment
from burnish.core.budget import KINDS
from burnish.core.quantity import dollars, duration

Json = Any
_WIDTH = 19


def sheet(job: Mapping[str, Json]) -> list[str]:
    """A line for each thing worth knowing; `job` is what the API answers."""
    pairs = [*_standing(job), *_ledger(job.get("usage_metrics"))]
    return [f"{name:<{_WIDTH}}{text}" for name, text in pairs]


def _standing(job: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    yield "job", job["id"]
    yield "status", job["status"]
    yield "base", job["model"]
    yield "tuned model", job["fine_tuned_model"] or "-"
    yield "created", moment(job["created_at"])
    if job["finished_at"]:
        yield "finished", moment(job["finished_at"])
    if job["estimated_finish"]:
        yield "estimated finish", moment(job["estimated_finish"])


def _ledger(ledger: Mapping[str, Json] | None) -> Iterator[tuple[str, str]]:
    if ledger is None:
        yield "ledger", "nothing yet: it begins with the validation pass before the first step"
        return
    tokens, cost = ledger["tokens"], ledger["cost"]
    yield "time", _phases(ledger["seconds"])
    yield (
        "training tokens",
        f"{tokens['train_prompt']:,} prompt, {tokens['train_sampled']:,} sampled, {tokens['trained']:,} trained",
    )
    yield "validation tokens", f"{tokens['valid_prompt']:,} prompt, {tokens['valid_sampled']:,} sampled"
    for model, used in ledger["model_graders_token_usage"].items():
        yield f"judge {model}", _judge(used, cost["judges_usd"].get(model))
    if ledger["python_grader_seconds"]:
        yield "python graders", duration(ledger["python_grader_seconds"])
    if cost["total_usd"]:
        yield "cost", f"{dollars(cost['total_usd'])}, of which the machine {dollars(cost['machine_usd'])}"
    if (estimate := ledger["estimate"]) is not None:
        money = f", {dollars(estimate['usd'])}" if estimate["usd"] else ""
        yield "estimate", f"{estimate['tokens']:,} tokens, {duration(estimate['seconds'])}{money}"
    yield from _budgets(ledger["budget"])


def _phases(seconds: Mapping[str, float]) -> str:
    spent = [f"{name} {duration(value)}" for name, value in seconds.items() if name != "total" and value > 0]
    return f"{duration(seconds['total'])}: {', '.join(spent)}"


def _judge(used: Mapping[str, int], usd: float | None) -> str:
    cached = f" ({used['cached_tokens']:,} cached)" if used["cached_tokens"] else ""
    money = f", {dollars(usd)}" if usd is not None else ""
    return f"{used['prompt_tokens']:,} prompt{cached} and {used['completion_tokens']:,} completion tokens{money}"


def _budgets(budget: Mapping[str, Mapping[str, float | None]]) -> Iterator[tuple[str, str]]:
    shown: dict[str, Callable[[float], str]] = {"usd": dollars, "seconds": duration, "tokens": _tokens}
    for kind in KINDS:
        granted, since = budget["granted"][kind], budget["counts_from"][kind]
        if granted is not None:
            yield "budget", f"{shown[kind](granted)}; pauses at {shown[kind](granted + (since or 0))} in all"


def _tokens(count: float) -> str:
    return f"{count:,} tokens"
