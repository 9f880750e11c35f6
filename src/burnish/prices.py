"""What things cost here: sections of the settings."""

from pydantic import BaseModel, Field

from burnish.core.rollout import TokenUsage


class JudgePrices(BaseModel, frozen=True, extra="forbid"):
    """What a remote judge takes, per million tokens."""

    input_usd: float = Field(default=0.0, ge=0)
    cached_usd: float | None = Field(default=None, ge=0)
    """Of the prompt's tokens, those that it had read before; None: as the rest of the prompt."""
    output_usd: float = Field(default=0.0, ge=0)

    def usd(self, used: TokenUsage) -> float:
        """What some tokens cost."""
        cached_usd = self.input_usd if self.cached_usd is None else self.cached_usd
        fresh = used.prompt_tokens - used.cached_tokens
        usd = fresh * self.input_usd + used.cached_tokens * cached_usd + used.completion_tokens * self.output_usd
        return usd / 1_000_000


class Prices(BaseModel, frozen=True, extra="forbid"):
    """What turns a job's ledger into money."""

    machine_hour_usd: float = Field(default=0.0, ge=0)
    """Of an hour in which a run works, whatever it is at."""
    judges: dict[str, JudgePrices] = Field(default_factory=dict)
    """A name in `models.remote` -> its prices."""

    @property
    def is_set(self) -> bool:
        """Whether anything costs something."""
        judges = (
            price for each in self.judges.values() for price in (each.input_usd, each.cached_usd, each.output_usd)
        )
        return any((self.machine_hour_usd, *judges))
