"""Prompts' keys and values, kept for reuse by rows that share them.

Letters: K key/value heads, D head size, E tokens of a prompt, X hidden size.
"""

from array import array
from dataclasses import dataclass

from torch import Tensor

from burnish.policy.pack import common_length

BEGINNING = 128
"""Fewest tokens for which a common beginning is kept on its own, so that rows look at it where it stands."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Prompt:
    """The keys and values of a prompt, or of a beginning that several prompts share."""

    owner: str
    """Names the weights they were made with: adapter and version."""
    ids: "array[int]"
    """From the first token on, the parent's included."""
    parent: "Prompt | None"
    """A shared beginning whose keys and values are kept there, whole."""
    keys: list[Tensor]
    """Per layer [E, K, D], of the tokens after the parent's."""
    values: list[Tensor]
    hidden_X: Tensor | None
    """The last token's hidden state; None for a mere beginning."""

    @property
    def own(self) -> int:
        """E: its tokens after the parent's."""
        return len(self.ids) - (0 if self.parent is None else len(self.parent.ids))

    @property
    def bytes(self) -> int:
        """Of its own keys and values."""
        return sum(part.nbytes for part in (*self.keys, *self.values))


class Prompts:
    """Prompts kept for reuse, the least recently used dropped first (rows that look at one keep it alive).

    However many there are, one is found by what it is.
    """

    def __init__(self, limit_bytes: int, least: int = BEGINNING) -> None:
        """`least`: fewest tokens of a beginning that is worth finding."""
        self._limit_bytes = limit_bytes
        self._least = least
        self._kept: dict[int, Prompt] = {}
        """By identity, the longest unused first."""
        self._bytes = 0
        self._whole: dict[tuple[str, bytes], Prompt] = {}
        """Those that can be continued, by owner and ids."""
        self._roots: dict[tuple[str, bytes], dict[int, Prompt]] = {}
        """Those without a parent, by owner and their first `least` ids; by identity."""

    def whole(self, owner: str, ids: "array[int]") -> Prompt | None:
        """The prompt with exactly these ids, ready to be continued."""
        prompt = self._whole.get((owner, ids.tobytes()))
        if prompt is not None:
            self._touch(prompt)
        return prompt

    def beginning(self, owner: str, ids: "array[int]") -> Prompt | None:
        """The longest kept beginning of these ids, if it has enough tokens and leaves one to compute.

        Only prompts without a parent serve; of one that agrees in part, that part is kept as well.
        """
        best, length = None, self._least - 1
        for prompt in self._roots.get(self._root(owner, ids), {}).values():
            agreed = min(common_length(prompt.ids, ids), len(ids) - 1)
            if agreed > length:
                best, length = prompt, agreed
        if best is None:
            return None
        if length < len(best.ids):
            keys = [key_EKD[:length].clone() for key_EKD in best.keys]
            values = [value_EKD[:length].clone() for value_EKD in best.values]
            best = Prompt(owner, best.ids[:length], None, keys, values, None)
            self.keep(best)
        else:
            self._touch(best)
        return best

    def keep(self, prompt: Prompt) -> None:
        """Add a prompt, and drop the oldest while there are too many."""
        self._kept[id(prompt)] = prompt
        self._bytes += prompt.bytes
        if prompt.hidden_X is not None:
            self._whole[prompt.owner, prompt.ids.tobytes()] = prompt
        if prompt.parent is None and len(prompt.ids) >= self._least:
            self._roots.setdefault(self._root(prompt.owner, prompt.ids), {})[id(prompt)] = prompt
        while self._bytes > self._limit_bytes and len(self._kept) > 1:
            self._drop(next(iter(self._kept.values())))

    def forget(self, owner: str) -> None:
        """Drop all prompts made with these weights."""
        for prompt in [prompt for prompt in self._kept.values() if prompt.owner == owner]:
            self._drop(prompt)

    def _root(self, owner: str, ids: "array[int]") -> tuple[str, bytes]:
        return owner, ids[: self._least].tobytes()

    def _touch(self, prompt: Prompt) -> None:
        self._kept[id(prompt)] = self._kept.pop(id(prompt))

    def _drop(self, prompt: Prompt) -> None:
        del self._kept[id(prompt)]
        self._bytes -= prompt.bytes
        name = prompt.owner, prompt.ids.tobytes()
        if self._whole.get(name) is prompt:
            del self._whole[name]
        root = self._root(prompt.owner, prompt.ids)
        if root in self._roots:
            self._roots[root].pop(id(prompt), None)
            if not self._roots[root]:
                del self._roots[root]
