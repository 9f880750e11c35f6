"""One answer in the making."""

from array import array
from dataclasses import dataclass, field

from burnish.core.errors import BurnishError
from burnish.core.rollout import Completion, Finish, Source
from burnish.policy.adapter import Adapter
from burnish.policy.cache import Prompt
from burnish.policy.constraint import Constraint, Walk
from burnish.policy.distribution import CERTAIN, Odds
from burnish.policy.random import stream
from burnish.policy.roles import Request


@dataclass(frozen=True, slots=True)
class Token:
    """An answer went on by one token."""

    ticket: int
    id: int
    logprob: float
    source: Source
    odds: Odds | None = None
    """Where the request asks for them."""


@dataclass(slots=True, eq=False)
class Row:
    """A request that is being answered."""

    ticket: int
    request: Request
    adapter_name: str | None
    adapter: Adapter | None
    policy_version: int
    constraint: Constraint
    limit: int
    """Most output tokens, by request and context."""
    cached_tokens: int
    shared: Prompt | None
    """A prompt that it looks at where it stands; the rest of its tokens are in its own slots."""
    used: int
    """Own slots in use."""
    walk: Walk = field(init=False)
    stream: int = field(init=False)
    """The start of its random numbers."""
    waiting: list[int] = field(default_factory=list)
    """Tokens of the answer that have not been through the network."""
    output: "array[int]" = field(default_factory=lambda: array("q"))
    logprobs: "array[float]" = field(default_factory=lambda: array("d"))
    source: "array[int]" = field(default_factory=lambda: array("b"))
    mass: "array[float]" = field(default_factory=lambda: array("d"))
    odds: list[Odds] = field(default_factory=list)
    """Token by token, where the request asks for them."""
    failure: BurnishError | None = None
    """What it cannot go on for."""

    def __post_init__(self) -> None:
        self.walk = self.constraint.walk(self.request.prompt_ids)
        self.stream = stream(self.request.seed, self.request.key)

    @property
    def finish(self) -> Finish | None:
        """Why it ended; None while it goes on."""
        if self.walk.is_stopped:
            return "stop"
        return "length" if len(self.output) >= self.limit else None

    @property
    def position(self) -> int:
        """The position of its next token that goes through the network."""
        return self.used + (0 if self.shared is None else len(self.shared.ids))

    def take(self, token: int, logprob: float, mass: float, odds: Odds | None = None) -> None:
        """Go on by one token. Without `odds` it had no alternative, or nobody asks."""
        only = self.walk.only
        self.source.append(Source.SAMPLED if only is None else only.source)
        self.output.append(token)
        self.logprobs.append(logprob)
        self.mass.append(mass)
        self.waiting.append(token)
        if self.request.likeliest is not None:
            self.odds.append(odds or CERTAIN)
        try:
            self.walk.take(token)
        except BurnishError as error:
            self.failure = error

    def take_forced(self) -> None:
        """Go on by as many tokens as have no alternative."""
        while self.walk.only is not None and self.failure is None and self.finish is None:
            self.take(self.walk.only.id, 0.0, 1.0)

    def tokens_from(self, length: int) -> list[Token]:
        """Those that came after the first so many."""
        return [
            Token(
                self.ticket,
                self.output[index],
                self.logprobs[index],
                Source(self.source[index]),
                self.odds[index] if self.odds else None,
            )
            for index in range(length, len(self.output))
        ]

    def completion(self, finish: Finish) -> Completion:
        """The answer, ended."""
        return Completion(
            key=self.request.key,
            prompt_ids=self.request.prompt_ids,
            output_ids=self.output,
            logprobs=self.logprobs,
            source=self.source,
            allowed_mass=self.mass,
            constraint=self.constraint.digest,
            temperature=self.request.temperature,
            policy_version=self.policy_version,
            reasoning_tokens=self.walk.reasoning,
            finish=finish,
        )
