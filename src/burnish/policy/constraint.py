"""Every restriction on a token's distribution, walked along an answer by the sampler and again by the trainer.

Reasoning comes first (where the prompt opened it, or the model does), at most a budget of it; then the answer, free or
under a JSON schema, or tool calls in its place or after its text; then a stop token. Which ids may come next follows
from the prompt's and the answer's ids alone.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from llguidance import LLMatcher

from burnish.core.errors import BurnishError, InvalidRequest
from burnish.core.rollout import Source
from burnish.policy.roles import Calls
from burnish.policy.vocabulary import Bits, Vocabulary
from burnish.spec.schema import LIBRARY, grammar_of

MOST_CONSTRAINTS = 256
"""Kept for one model. A training run has a handful; those who chat may send any number."""


@dataclass(frozen=True, slots=True)
class Only:
    """The only token that may come next, and why."""

    id: int
    source: Source


class Constraint:
    """The restrictions of one kind of answer. Walks are independent of one another."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        response_schema: str | None,
        reasoning_tokens: int,
        calls: Calls | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.response_schema = response_schema
        self.reasoning_tokens = reasoning_tokens
        self.calls = calls
        """Only for a vocabulary with marks for them."""
        grammar = None if response_schema is None else grammar_of(response_schema)
        text = f"{LIBRARY}|{vocabulary.digest()}|{reasoning_tokens}|{response_schema}|{grammar}|{calls}"
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self._matcher: LLMatcher | None = None
        self._call_matcher: LLMatcher | None = None
        if grammar is not None:
            self._matcher = LLMatcher(vocabulary.guide, grammar, log_level=0)
            if (reason := _fault_of(self._matcher)) is not None:
                message = f"This JSON schema cannot be enforced: {reason}"
                raise InvalidRequest(message, param="response_format", code="invalid_json_schema")
        if calls is not None:
            self._call_matcher = LLMatcher(vocabulary.guide, LLMatcher.grammar_from_lark(calls.grammar), log_level=0)
            if (reason := _fault_of(self._call_matcher)) is not None:
                raise InvalidRequest(f"The tools' parameters cannot be enforced: {reason}", param="tools")

    @property
    def owes(self) -> bool:
        """Whether the answer cannot be left out: reasoning may not end it."""
        return self.response_schema is not None or (self.calls is not None and self.calls.are_required)

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
        is_free = self.response_schema is None and self.calls is None
        if is_free and (inside is False or (inside is None and self.reasoning_tokens == 0)):
            return [(self.vocabulary.answer, len(output_ids))]
        return [(bits, 1) for bits in self.replay(prompt_ids, output_ids)]

    def matcher(self) -> LLMatcher | None:
        """The schema's grammar at its start; None where the answer is free."""
        return None if self._matcher is None else self._matcher.deep_copy()

    def call_matcher(self) -> LLMatcher:
        """The grammar of a tool call at its start."""
        assert self._call_matcher is not None
        return self._call_matcher.deep_copy()


class Walk:
    """Where an answer stands under its constraint."""

    __slots__ = (
        "_call",
        "_called",
        "_constraint",
        "_is_first",
        "_matcher",
        "_may_open",
        "allowed",
        "is_reasoning",
        "is_stopped",
        "only",
        "reasoning",
    )

    def __init__(self, constraint: Constraint, starts_inside: bool | None) -> None:
        self._constraint = constraint
        self._may_open = starts_inside is None and constraint.reasoning_tokens > 0
        self._matcher: LLMatcher | None = None
        self._call: LLMatcher | None = None
        """The tool call that is open."""
        self._called = False
        """Whether there was one before."""
        self._is_first = True
        """Whether the next token is the answer's first."""
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
        else:
            self._answer(token)
            self._is_first = False
        self._may_open = False
        self._look()

    def _answer(self, token: int) -> None:
        """Go on by a token of the answer."""
        vocabulary = self._constraint.vocabulary
        matcher = self._matcher if self._call is None else self._call
        if self._call is not None and token == vocabulary.end_call_id:
            self._call, self._called = None, True
        elif token in vocabulary.stop_ids:
            self.is_stopped = True
        elif self._constraint.calls is not None and token == vocabulary.call_id:
            self._call = self._constraint.call_matcher()
        elif matcher is not None and not matcher.consume_token(token):
            raise BurnishError(f"Token {token} is not allowed by the grammar: {matcher.get_error()}")

    def _look(self) -> None:
        """Find out what may come next."""
        vocabulary = self._constraint.vocabulary
        self.only = None
        if self.is_stopped:
            return
        if self.is_reasoning:
            self.allowed = vocabulary.bound_reasoning if self._constraint.owes else vocabulary.reasoning
            if self.reasoning >= self._constraint.reasoning_tokens and vocabulary.end_think_id is not None:
                self.allowed = vocabulary.bits([vocabulary.end_think_id])
                self.only = Only(vocabulary.end_think_id, Source.FORCED_BUDGET)
        elif self._matcher is None and self._constraint.calls is None:
            self.allowed = vocabulary.opening if self._may_open else vocabulary.answer
        else:
            self._choose(self._answer_set(), self._marks())

    def _answer_set(self) -> Bits:
        """The ids that go on with the text of the answer or of the open call; marks come beside them."""
        vocabulary, calls = self._constraint.vocabulary, self._constraint.calls
        if self._call is not None:
            return _mask(self._call, vocabulary.call)
        if calls is not None and calls.are_required and self._is_first:
            return np.zeros_like(vocabulary.grammar)
        if self._called:
            return vocabulary.bits(vocabulary.stop_ids)
        return vocabulary.grammar if self._matcher is None else _mask(self._matcher, vocabulary.grammar)

    def _marks(self) -> list[int | None]:
        """The marks that may come next."""
        vocabulary, calls = self._constraint.vocabulary, self._constraint.calls
        if self._call is not None:
            return [vocabulary.end_call_id] if self._call.is_accepting() else []
        marks = [vocabulary.think_id] if self._may_open else []
        if calls is None or (self._called and not calls.are_many):
            return marks
        is_open = self._called or self._is_first or self._matcher is None
        return [*marks, vocabulary.call_id] if is_open else marks

    def _choose(self, words: Bits, marks: Iterable[int | None]) -> None:
        """Allow a set and marks; and see whether they are a single id."""
        bits = words.copy()
        for mark in marks:
            assert mark is not None
            bits[mark // 32] |= np.array(1 << mark % 32, np.uint32).view(np.int32)
        self.allowed = bits
        if int(np.bitwise_count(bits).sum()) == 1:
            word = int(np.flatnonzero(bits)[0])
            self.only = Only(word * 32 + (int(bits[word]) & 0xFFFFFFFF).bit_length() - 1, Source.FORCED_GRAMMAR)


def _fault_of(matcher: LLMatcher) -> str | None:
    """Why a grammar cannot be walked: some compile, and are too much for their first step."""
    probe = matcher
    if not matcher.is_error():
        probe = matcher.deep_copy()
        probe.compute_bitmask()
    reason: str = probe.get_error()
    return reason if probe.is_error() else None


def _mask(matcher: LLMatcher, among: Bits) -> Bits:
    """What a grammar may go on with, of a set of ids."""
    bits = np.zeros_like(among)
    matcher.unsafe_compute_mask_ptr(bits.ctypes.data, bits.nbytes)
    if matcher.is_error():
        raise BurnishError(f"The answer's grammar failed while sampling: {matcher.get_error()}")
    bits &= among
    return bits


class Constraints:
    """The constraints of one base model, each compiled once; of many, the latest are kept."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._by_content: dict[tuple[str | None, int, Calls | None], Constraint] = {}
        self._by_digest: dict[str, Constraint] = {}

    def of(self, response_schema: str | None, reasoning_tokens: int, calls: Calls | None = None) -> Constraint:
        """The constraint of answers with this schema (JSON text; None: free), reasoning budget and tool calls.

        Raises `InvalidRequest` (code `invalid_json_schema`) where the schema cannot be enforced.
        """
        content = (response_schema, reasoning_tokens, calls)
        constraint = self._by_content.pop(content, None)
        if constraint is None:
            constraint = Constraint(self.vocabulary, response_schema, reasoning_tokens, calls)
            self._by_digest[constraint.digest] = constraint
        self._by_content[content] = constraint
        if len(self._by_content) > MOST_CONSTRAINTS:
            oldest = self._by_content.pop(next(iter(self._by_content)))
            del self._by_digest[oldest.digest]
        return constraint

    def named(self, digest: str) -> Constraint:
        """The constraint with this digest; it must have been made by `of` before."""
        if digest not in self._by_digest:
            raise BurnishError(f"Constraint {digest} is not known here: make it with Constraints.of first.")
        return self._by_digest[digest]
