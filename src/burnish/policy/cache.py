"""Keys and values that decoding keeps: one block of slots per live row, and prompts that several rows may share.

Letters: L layers, K key/value heads, G query heads per key/value head, D head size, R live rows, T slots of a row,
E tokens of a shared prompt, N packed tokens, C tokens that a row adds in one pass.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from burnish.policy.pack import common_length

SLOTS = 64
"""Slots are added by half, in multiples of this; rows by doubling."""


@dataclass(slots=True, eq=False)
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


class Slots:
    """The live rows' own keys and values; row r owns [:, r]."""

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self.keys: list[Tensor] = []
        """Per layer [R, K, T, D]."""
        self.values: list[Tensor] = []

    def reserve(self, rows: int, slots: int, like_EKD: Tensor) -> None:
        """Make room for so many rows of so many slots, keeping what is there."""
        have_rows, have_slots = (self.keys[0].shape[0], self.keys[0].shape[2]) if self.keys else (0, 0)
        if rows <= have_rows and slots <= have_slots:
            return
        rows = have_rows if rows <= have_rows else max(rows, 2 * have_rows)
        slots = have_slots if slots <= have_slots else -(-max(slots, have_slots * 3 // 2) // SLOTS) * SLOTS
        heads, size = like_EKD.shape[1:]
        for layer in range(self._layers):
            for store in (self.keys, self.values):
                grown_RKTD = torch.zeros(rows, heads, slots, size, dtype=like_EKD.dtype)
                if layer < len(store):
                    grown_RKTD[:have_rows, :, :have_slots] = store[layer]
                    store[layer] = grown_RKTD
                else:
                    store.append(grown_RKTD)

    def put(self, row: int, prompt: Prompt) -> None:
        """Copy a prompt's own tokens into a row's first slots."""
        for layer in range(self._layers):
            self.keys[layer][row, :, : prompt.own] = prompt.keys[layer].transpose(0, 1)
            self.values[layer][row, :, : prompt.own] = prompt.values[layer].transpose(0, 1)

    def move(self, source: int, target: int, used: int) -> None:
        """Copy a row's used slots over another's."""
        for store in (self.keys, self.values):
            for block_RKTD in store:
                block_RKTD[target, :, :used] = block_RKTD[source, :, :used]


class Shared(NamedTuple):
    """A prompt that rows look at where it stands."""

    prompt: Prompt
    row_index: Tensor


@dataclass(slots=True)
class RowAttention:
    """Each live row looks at its shared prompt, at its own slots and at the tokens that it adds now."""

    slots: Slots
    row_N: Tensor
    slot_N: Tensor
    """Where each packed token's key and value go; the packed tokens stand row by row."""
    place_N: Tensor | None
    """Index into R * C of each packed token; None where every row adds one."""
    adds: int
    """C."""
    mask_R1CT: Tensor
    """0 where a row may look, -inf elsewhere."""
    shared: Sequence[Shared] = field(default=())

    def attend(self, layer: int, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        """What each token gathers: [N, H, D]."""
        keys_RKTD, values_RKTD = self.slots.keys[layer], self.slots.values[layer]
        keys_RKTD[self.row_N, :, self.slot_N] = key_NKD
        values_RKTD[self.row_N, :, self.slot_N] = value_NKD
        rows, slots = self.mask_R1CT.shape[0], self.mask_R1CT.shape[3]
        heads, size = key_NKD.shape[1:]
        query_RKCD = self._by_row(query_NHD * scale, rows, heads)
        score_RKCT = query_RKCD @ keys_RKTD[:rows, :, :slots].transpose(2, 3)
        group = query_RKCD.shape[2] // self.adds
        score_RKCT.view(rows, heads, group, self.adds, slots).add_(self.mask_R1CT[:, :, None])
        longest = max((len(shared.prompt.ids) for shared in self.shared), default=0)
        if longest:
            before_RKCE = score_RKCT.new_full((*score_RKCT.shape[:3], longest), -torch.inf)
            for prompt, row_index in self.shared:
                before_RKCE[row_index, :, :, : len(prompt.ids)] = _scores(query_RKCD[row_index], prompt.keys[layer])
            weight_RKCT = torch.cat([before_RKCE, score_RKCT], dim=3).softmax(dim=3)
        else:
            weight_RKCT = score_RKCT.softmax(dim=3)
        out_RKCD = weight_RKCT[..., longest:] @ values_RKTD[:rows, :, :slots]
        for prompt, row_index in self.shared:
            weight_SKCE = weight_RKCT[row_index][..., : len(prompt.ids)]
            out_RKCD[row_index] += _gathered(weight_SKCE, prompt.values[layer])
        if self.place_N is None:
            return out_RKCD.reshape(rows, heads * group, size)
        out_RCHD = out_RKCD.view(rows, heads, group, self.adds, size).permute(0, 3, 1, 2, 4)
        return out_RCHD.reshape(rows * self.adds, heads * group, size)[self.place_N]

    def _by_row(self, query_NHD: Tensor, rows: int, heads: int) -> Tensor:
        """Queries of one row and one key/value head together: [R, K, G * C, D]."""
        size = query_NHD.shape[2]
        if self.place_N is None:
            return query_NHD.reshape(rows, heads, -1, size)
        padded_PHD = query_NHD.new_zeros(rows * self.adds, *query_NHD.shape[1:])
        padded_PHD[self.place_N] = query_NHD
        query_RKGCD = padded_PHD.view(rows, self.adds, heads, -1, size).permute(0, 2, 3, 1, 4)
        return query_RKGCD.reshape(rows, heads, -1, size)


def _scores(query_SKCD: Tensor, key_EKD: Tensor) -> Tensor:
    """Rows against one shared prompt, as one product per head: [S, K, C, E]."""
    rows, heads, queries, size = query_SKCD.shape
    query_KQD = query_SKCD.transpose(0, 1).reshape(heads, rows * queries, size)
    score_KQE = query_KQD @ key_EKD.permute(1, 2, 0)
    return score_KQE.view(heads, rows, queries, -1).transpose(0, 1)


def _gathered(weight_SKCE: Tensor, value_EKD: Tensor) -> Tensor:
    """What rows gather from one shared prompt: [S, K, C, D]."""
    rows, heads, queries, _ = weight_SKCE.shape
    weight_KQE = weight_SKCE.transpose(0, 1).reshape(heads, rows * queries, -1)
    out_KQD = weight_KQE @ value_EKD.transpose(0, 1)
    return out_KQD.view(heads, rows, queries, -1).transpose(0, 1)
