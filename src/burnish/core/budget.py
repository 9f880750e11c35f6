"""What a job may spend before it pauses: its metadata say so, or the settings for all jobs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from burnish.core.errors import InvalidRequest

PREFIX = "burnish_budget_"
"""Of the metadata's keys that set a budget; no other key may begin with it."""
KINDS = ("usd", "seconds", "tokens")
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_FORM = {"usd": _DECIMAL, "seconds": _DECIMAL, "tokens": re.compile(r"[0-9]{1,18}")}
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was, or will be, spent."""

    usd: float = 0.0
    seconds: float = 0.0
    """Of the machine's time."""
    tokens: int = 0
    """Sampled by the model, in training and validation."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Most that may be spent; None: as much as it takes."""

    usd: float | None = None
    seconds: float | None = None
    tokens: int | None = None

    @classmethod
    def of(cls, metadata: Mapping[str, str] | None) -> Self:
        """What a job's metadata set. Raises `InvalidRequest` for what is no amount."""
        given = {key: text for key, text in (metadata or {}).items() if key.startswith(PREFIX)}
        for key in given:
            if key.removeprefix(PREFIX) not in KINDS:
                known = ", ".join(f"'{PREFIX}{kind}'" for kind in KINDS)
                message = f"There is no budget '{key}'. Budgets are {known}."
                raise InvalidRequest(message, param=f"metadata.{key}", code="unknown_parameter")
        return cls(
            usd=_amount(given, "usd", float, "dollars, such as '12.50'"),
            seconds=_amount(given, "seconds", float, "seconds, such as '3600'"),
            tokens=_amount(given, "tokens", int, "tokens, a whole number such as '500000'"),
        )

    def within(self, other: "Budget") -> "Budget":
        """Both at once: of each kind the smaller one."""
        return Budget(
            usd=_smaller(self.usd, other.usd),
            seconds=_smaller(self.seconds, other.seconds),
            tokens=_smaller(self.tokens, other.tokens),
        )

    def reached(self, spent: Amounts, since: Amounts) -> tuple[str, ...]:
        """The kinds of which all is spent; `since` is what had been spent when the budget was granted."""
        return tuple(
            kind
            for kind in KINDS
            if (most := getattr(self, kind)) is not None and getattr(spent, kind) - getattr(since, kind) >= most
        )


def _amount(given: Mapping[str, str], kind: str, read: Callable[[str], _Number], meant: str) -> _Number | None:
    text = given.get(PREFIX + kind)
    if text is None:
        return None
    value = read(text if _FORM[kind].fullmatch(text) else "0")
    if value <= 0:
        raise InvalidRequest(
            f"Invalid value for 'metadata.{PREFIX}{kind}': '{text}'. Write a positive number of {meant}.",
            param=f"metadata.{PREFIX}{kind}",
            code="invalid_value",
        )
    return value


def _smaller(one: _Number | None, other: _Number | None) -> _Number | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
