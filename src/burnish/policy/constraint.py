"""Every restriction on a token's distribution, walked along an answer by the sampler and again by the trainer.

Reasoning comes first (where the prompt opened it, or the model does), at most a budget of it; then the answer, free or
under a JSON schema; then a stop token. Which ids may come next follows from the prompt's and the answer's ids alone.
"""

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from llguidance import LLMatcher

from burnish.core.errors import BurnishError, InvalidRequest
from burnish.core.rollout import Source
from burnish.policy.vocabulary import Bits, Vocabulary
from burnish.spec.schema import LIBRARY, grammar_of


@dataclass(frozen=True, slots=True)
class Only:
    """The only token that may come next, and why."""

    id: int
    source: Source


class Constraint:
    """The restrictions of one kind of answer. Walks are independent of one another."""

    def __init__(self, vocabulary: Vocabulary, response_schema: str | None, reasoning_tokens: int) -> None:
        self.vocabulary = vocabulary
        self.response_schema = response_schema
        self.reasoning_tokens = reasoning_tokens
        text = f"{LIBRARY}|{vocabulary.digest()}|{reasoning_tokens}|{response_schema}"
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self._matcher: LLMatcher | None = None
        if response_schema is not None:
            self._matcher = LLMatcher(vocabulary.guide, grammar_of(response_schema), log_level=0)
            if self._matcher.is_error():
                raise InvalidRequest(
                    f"This JSON schema cannot be enforced: {self._matcher.get_error()}",
                    param="response_format",
                    code="invalid_json_schema",
                )

    def walk(self, prompt_ids: "array[int]") -> "Walk":
        """The state before the first token of an answer to this prompt."""
        return Walk(self, self.vocabulary.starts_inside_reasoning(prompt_ids))

    def replay(self, prompt_ids: "array[int]", output_ids: "array[int]") -> Iterator[Bits]:
        """The set of ids that was allowed at each place of an answer."""
        walk = self.walk(prompt_ids)
        for token in output_ids:
            yield walk.allowed
            walk.take(token)

    def runs(self, prompt_ids: "array[int]", output_ids: "array[int]") -> list[tuple[Bits, int]]:
        """The same as runs of one set. Walks only where a grammar or the model's own marks ask for it."""
        inside = self.vocabulary.starts_inside_reasoning(prompt_ids)
        if self.response_schema is None and (inside is False or (inside is None and self.reasoning_tokens == 0)):
            return [(self.vocabulary.answer, len(output_ids))]
        return [(bits, 1) for bits in self.replay(prompt_ids, output_ids)]

    def matcher(self) -> LLMatcher | None:
        """The schema's grammar at its start; None where the answer is free."""
        return None if self._matcher is None else self._matcher.deep_copy()


class Walk:
    """Where an answer stands under its constraint."""

    __slots__ = ("_constraint", "_matcher", "_may_open", "allowed", "is_reasoning", "is_stopped", "only", "reasoning")

    def __init__(self, constraint: Constraint, starts_inside: bool | None) -> None:
        self._constraint = constraint
        self._may_open = starts_inside is None and constraint.reasoning_tokens > 0
        self._matcher: LLMatcher | None = None
        self.is_reasoning = starts_inside is True
        """Whether the next token belongs to the reasoning."""
        self.reasoning = 0
        """Output tokens of reasoning so far, its marks included."""
        self.is_stopped = False
        """Whether a stop token was taken: nothing may follow."""
        self.allowed: Bits
        """The ids that may come next."""
        self.only: Only | None
        """Set where just one id may come next."""
        if not self.is_reasoning:
            self._matcher = constraint.matcher()
        self._look()

    def take(self, token: int) -> None:
        """Go on by one token, which must be allowed."""
        vocabulary = self._constraint.vocabulary
        if self.is_reasoning:
            self.reasoning += 1
            if token == vocabulary.end_think_id:
                self.is_reasoning = False
                self._matcher = self._constraint.matcher()
            elif token in vocabulary.stop_ids:
                self.is_stopped = True
        elif self._may_open and token == vocabulary.think_id:
            self.is_reasoning = True
            self.reasoning = 1
        elif token in vocabulary.stop_ids:
            self.is_stopped = True
        elif self._matcher is not None and not self._matcher.consume_token(token):
            raise BurnishError(f"Token {token} is not allowed by the grammar: {self._matcher.get_error()}")
        self._may_open = False
        self._look()

    def _look(self) -> None:
        """Find out what may come next."""
        vocabulary = self._constraint.vocabulary
        self.only = None
        if self.is_stopped:
            return
        if self.is_reasoning:
            bound = self._constraint.response_schema is not None
            self.allowed = vocabulary.bound_reasoning if bound else vocabulary.reasoning
            if self.reasoning >= self._constraint.reasoning_tokens and vocabulary.end_think_id is not None:
                self.allowed = vocabulary.bits([vocabulary.end_think_id])
                self.only = Only(vocabulary.end_think_id, Source.FORCED_BUDGET)
        elif self._matcher is None:
            self.allowed = vocabulary.opening if self._may_open else vocabulary.answer
        else:
            self._look_at(self._matcher)

    def _look_at(self, matcher: LLMatcher) -> None:
        """The grammar's next set, without marks; and whether it holds a single id."""
        vocabulary = self._constraint.vocabulary
        bits = np.zeros_like(vocabulary.grammar)
        matcher.unsafe_compute_mask_ptr(bits.ctypes.data, bits.nbytes)
        if matcher.is_error():
            raise BurnishError(f"The response schema's grammar failed while sampling: {matcher.get_error()}")
        bits &= vocabulary.grammar
        if self._may_open:
            assert vocabulary.think_id is not None
            bits[vocabulary.think_id // 32] |= np.array(1 << vocabulary.think_id % 32, np.uint32).view(np.int32)
        self.allowed = bits
        if int(np.bitwise_count(bits).sum()) == 1:
            word = int(np.flatnonzero(bits)[0])
            self.only = Only(word * 32 + (int(bits[word]) & 0xFFFFFFFF).bit_length() - 1, Source.FORCED_GRAMMAR)


class Constraints:
    """The constraints of one base model, each compiled once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._by_content: dict[tuple[str | None, int], Constraint] = {}
        self._by_digest: dict[str, Constraint] = {}

    def of(self, response_schema: str | None, reasoning_tokens: int) -> Constraint:
        """The constraint of answers with this schema (JSON text; None: free) and reasoning budget.

        Raises `InvalidRequest` (code `invalid_json_schema`) where the schema cannot be enforced.
        """
        content = (response_schema, reasoning_tokens)
        if content not in self._by_content:
            constraint = Constraint(self.vocabulary, response_schema, reasoning_tokens)
            self._by_content[content] = self._by_digest[constraint.digest] = constraint
        return self._by_content[content]

    def named(self, digest: str) -> Constraint:
        """The constraint with this digest; it must have been made by `of` before."""
        if digest not in self._by_digest:
            raise BurnishError(f"Constraint {digest} is not known here: make it with Constraints.of first.")
        return self._by_digest[digest]
