"""Prompts' keys and values, kept for reuse by rows that share them.

Letters: K key/value heads, D head size, E tokens of a prompt, X hidden size.
"""

from array import array
from dataclasses import dataclass

from torch import Tensor

from burnish.policy.pack import common_length


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
    """Prompts kept for reuse, the least recently used dropped first (rows that look at one keep it alive)."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: list[Prompt] = []

    def whole(self, owner: str, ids: "array[int]") -> Prompt | None:
        """The prompt with exactly these ids, ready to be continued."""
        for prompt in self._kept:
            if prompt.owner == owner and prompt.hidden_X is not None and prompt.ids == ids:
                self._touch(prompt)
                return prompt
        return None

    def beginning(self, owner: str, ids: "array[int]", least: int) -> Prompt | None:
        """The longest kept beginning of these ids, if it has at least so many tokens and leaves one to compute.

        Only prompts without a parent serve; of one that agrees in part, that part is kept as well.
        """
        best, length = None, least - 1
        for prompt in self._kept:
            if prompt.owner == owner and prompt.parent is None:
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
        self._kept.append(prompt)
        total = sum(kept.bytes for kept in self._kept)
        while total > self._limit_bytes and len(self._kept) > 1:
            total -= self._kept.pop(0).bytes

    def forget(self, owner: str) -> None:
        """Drop all prompts made with these weights."""
        self._kept = [prompt for prompt in self._kept if prompt.owner != owner]

    def _touch(self, prompt: Prompt) -> None:
        self._kept.remove(prompt)
        self._kept.append(prompt)
