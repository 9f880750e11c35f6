"""What a usage costs, at the prices of the settings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from burnish.prices import Prices
from burnish.settings import Settings
from burnish.work.usage import Usage

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Cost:
    """In US dollars."""

    machine_usd: float = 0.0
    """Follows from seconds, so it is a clock field."""
    judges_usd: Mapping[str, float] = field(default_factory=dict)
    """By judge model, named as in the grader; those without a price are left out."""

    @property
    def total_usd(self) -> float:
        """Machine and judges."""
        return self.machine_usd + self.all_judges_usd

    @property
    def all_judges_usd(self) -> float:
        """As exact as what the judges say that they used."""
        return math.fsum(self.judges_usd.values())

    def __add__(self, other: "Cost") -> "Cost":
        names = [*self.judges_usd, *(name for name in other.judges_usd if name not in self.judges_usd)]
        judges = {name: self.judges_usd.get(name, 0.0) + other.judges_usd.get(name, 0.0) for name in names}
        return Cost(self.machine_usd + other.machine_usd, judges)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Turns usage into money."""

    prices: Prices = field(default_factory=Prices)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Of models; a judge's prices stand under its real name."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        return cls(settings.prices, settings.models.aliases)

    def cost(self, usage: Usage) -> Cost:
        """What the machine and the priced judges cost."""
        priced = {
            name: prices.usd(used)
            for name, used in usage.judges.items()
            if (prices := self.prices.judges.get(self.aliases.get(name, name))) is not None
        }
        return Cost(usage.seconds.total / _HOUR_S * self.prices.machine_hour_usd, priced)
