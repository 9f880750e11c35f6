"""What the ids of a model's vocabulary are for: stop tokens, reasoning marks, tool marks, and those never to be drawn.

Sets of allowed ids are rows of bits, 32 ids to an int32, lowest bit first (llguidance's layout). V is the width of the
model's output, W = ceil(V / 32), R counts rows.
"""

import codecs
import hashlib
import re
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from numpy.typing import NDArray
from torch import Tensor

from burnish.policy.kernels.kernels import Choices

Bits = NDArray[np.int32]
"""Sets of ids, [..., W]."""

_MARK = re.compile(r"<.*>|\[[A-Z_/]+\]", re.DOTALL)
_TOOL_MARKS = ("<tool_call>", "</tool_call>")


class Vocabulary:
    """The roles of ids in one model."""

    def __init__(self, tokenizer: Any, stop_ids: Iterable[int], size: int) -> None:
        self.size = size
        """V: the width of the output, at least the tokenizer's size (models pad it)."""
        self.tokenizer = tokenizer
        added = {token.content: index for index, token in tokenizer.added_tokens_decoder.items()}
        self.stop_ids: tuple[int, ...] = tuple(sorted(set(stop_ids)))
        self.think_id: int | None = added.get("<think>")
        self.end_think_id: int | None = added.get("</think>")
        if self.think_id is None or self.end_think_id is None:
            self.think_id = self.end_think_id = None
        banned = {index for index, token in tokenizer.added_tokens_decoder.items() if _is_mark(token)}
        ordinary = set(range(min(size, len(tokenizer)))) - banned - set(self.stop_ids)
        tools = {added[mark] for mark in _TOOL_MARKS if mark in added}
        self.call_id: int | None = added.get(_TOOL_MARKS[0])
        self.end_call_id: int | None = added.get(_TOOL_MARKS[1])
        if self.call_id is None or self.end_call_id is None:
            self.call_id = self.end_call_id = None
        stops = set(self.stop_ids)
        end_think = set() if self.end_think_id is None else {self.end_think_id}
        think = set() if self.think_id is None else {self.think_id}
        self.answer = self.bits(ordinary | stops | tools)
        """What a free answer may go on with."""
        self.opening = self.bits(ordinary | stops | tools | think)
        """What a free answer may start with where the model opens its reasoning itself."""
        self.reasoning = self.bits(ordinary | stops | end_think)
        """What reasoning before a free answer may go on with."""
        self.bound_reasoning = self.bits(ordinary | end_think)
        """The same before an answer that owes a schema: it may not stop without one."""
        self.grammar = self.bits(ordinary | stops)
        """What a grammar may choose from."""
        self.call = self.bits(ordinary)
        """What a grammar inside a tool call may choose from."""
        self._guide: LLTokenizer | None = None

    def bits(self, ids: Iterable[int]) -> Bits:
        """The set of these ids."""
        flags = np.zeros((self.size + 31) // 32 * 32, dtype=np.uint8)
        flags[list(ids)] = 1
        packed: Bits = np.packbits(flags, bitorder="little").view(np.int32)
        packed.setflags(write=False)
        return packed

    def flags(self, rows: Sequence[Bits]) -> Tensor:
        """Sets as a bool tensor [R, V]."""
        bytes_RB = np.stack(rows).view(np.uint8)
        return torch.from_numpy(np.unpackbits(bytes_RB, axis=1, count=self.size, bitorder="little").view(np.bool_))

    @property
    def guide(self) -> LLTokenizer:
        """llguidance's view of the tokenizer, made on first use (up to a second with a large vocabulary)."""
        if self._guide is None:
            self._guide = from_tokenizer(self.tokenizer, n_vocab=self.size, eos_token=list(self.stop_ids))
        return self._guide

    def texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each id, marks included; a character in parts comes with the id that completes it.

        Joined, they are the whole text; what is no character becomes U+FFFD.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        last = len(ids) - 1
        return [decoder.decode(self.guide.decode_bytes([each]), place == last) for place, each in enumerate(ids)]

    def starts_inside_reasoning(self, prompt_ids: "array[int]") -> bool | None:
        """Whether the answer to this prompt begins inside reasoning; None where the model may open it itself."""
        if self.end_think_id is None:
            return False
        for token in reversed(prompt_ids[-4:]):
            if token == self.think_id:
                return True
            if token == self.end_think_id:
                return False
            if self.tokenizer.decode([token]).strip():
                break
        return None

    def digest(self) -> str:
        """Names the vocabulary and the roles of its ids."""
        text = f"{self.tokenizer.backend_tokenizer.to_str()}|{self.stop_ids}|{self.size}"
        return hashlib.sha256(text.encode()).hexdigest()


def choices_of(sets: Sequence[Bits | None], counts: Sequence[int] | None = None) -> Choices:
    """The sets of tokens, for the kernels: each distinct set once; None: any id. `counts`: of runs under one set."""
    distinct = {id(bits): bits for bits in sets if bits is not None}
    places = {key: place for place, key in enumerate(distinct)}
    choice_P = np.array([places.get(id(bits), -1) for bits in sets], np.int32)
    if counts is not None:
        choice_P = np.repeat(choice_P, counts)
    set_UW = torch.from_numpy(np.stack(list(distinct.values()))) if distinct else torch.empty(0, 0, dtype=torch.int32)
    return Choices(set_UW, torch.from_numpy(choice_P))


def _is_mark(token: Any) -> bool:
    """Markup is never drawn freely; words or runs of blanks that a tokenizer added are."""
    return bool(token.special) or _MARK.fullmatch(token.content) is not None
