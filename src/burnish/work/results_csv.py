"""The results file: one CSV row per step, in the columns that OpenAI's have."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from burnish.core.records import Event

_COLUMNS = (
    "train_mean_reward",
    "full_valid_mean_reward",
    "completion_tokens_mean",
    "reasoning_tokens_mean",
    "mean_unresponsive_rewards",
)


def results_csv(events: Sequence[Event]) -> bytes:
    """From a job's metrics events, oldest first; cells of steps without a validation pass stay empty."""
    steps = [event.data for event in events if event.type == "metrics" and event.data is not None]
    rows = [{"step": data["step"], **{name: data.get(name) for name in _COLUMNS}, **_errors(data)} for data in steps]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or ["step", *_COLUMNS]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _errors(data: Any) -> dict[str, float]:
    return {
        f"errors/graders/{grader['name']}/{name}": value
        for grader in data["errors"]["graders"]
        for name, value in grader.items()
        if name.startswith("train_") and name.endswith("_count")
    }
