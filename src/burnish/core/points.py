"""What of a job's events is a point in a plot: numbers by name, under the names that the events have."""

from collections.abc import Mapping
from typing import Any

from burnish.core.records import Event

_PLACE = frozenset({"step", "total_steps"})
"""Where a point lies, and no value of it."""


def is_step(event: Event) -> bool:
    """Whether an event tells of a step's metrics, or of the validation pass before the first."""
    return is_metrics(event.data)


def is_metrics(data: Mapping[str, Any] | None) -> bool:
    """The same of an event's data."""
    return data is not None and data.keys() >= _PLACE


def points(data: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a step's data; what is nested has a path, in which an entry of a list goes by its name.

    `{"scores": {"graders": [{"name": "a", "train_reward_mean": 1}]}}` has `scores/graders/a/train_reward_mean`.
    """
    found: dict[str, float] = {}
    for key, value in data.items():
        if key not in _PLACE:
            _collect(value, key, found)
    return found


def _collect(value: Any, path: str, found: dict[str, float]) -> None:
    """A long job has a million of them: no generators, no path that is joined anew at each of its ends."""
    if isinstance(value, float | int):
        found[path] = float(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _collect(each, f"{path}/{key}", found)
    elif isinstance(value, list):
        taken: dict[str, int] = {}
        for each in value:
            name = str(each["name"])
            taken[name] = taken.get(name, 0) + 1
            _collect(each, f"{path}/{name}" if taken[name] == 1 else f"{path}/{name} ({taken[name]})", found)
