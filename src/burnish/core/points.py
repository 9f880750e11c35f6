"""What of a job's events is a point in a plot: numbers by name, under the names that the events have."""

from collections.abc import Iterator, Mapping
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
    return dict(_leaves({key: value for key, value in data.items() if key not in _PLACE}, ()))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    match value:
        case bool() | int() | float():
            yield "/".join(path), float(value)
        case Mapping():
            for key, each in value.items():
                yield from _leaves(each, (*path, key))
        case list():
            taken: dict[str, int] = {}
            for each in value:
                name = str(each["name"])
                taken[name] = taken.get(name, 0) + 1
                entry = name if taken[name] == 1 else f"{name} ({taken[name]})"
                yield from _leaves(each, (*path, entry))
