"""The live rows' own keys and values, and the attention of rows that go on by a token or a few.

Letters: L layers, K key/value heads, G query heads per key/value head, D head size, R live rows, T slots of a row,
E tokens of a shared prompt, N packed tokens, C tokens that a row adds in one pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from burnish.policy.attention import Attention
from burnish.policy.cache import Prompt

SLOTS = 64
"""Slots are added by half, in multiples of this; rows by doubling."""


@dataclass(frozen=True, slots=True)
class Size:
    """What one token's keys and values are."""

    layers: int
    heads: int
    """K."""
    head_size: int
    """D."""
    dtype: torch.dtype


class Slots(Protocol):
    """One block of slots per live row."""

    worth_sharing: int
    """Fewest tokens of a prompt that several rows look at where it stands, instead of each keeping a copy."""

    def reserve(self, rows: int, slots: int) -> None:
        """Make room for so many rows of so many slots, keeping what is there."""
        ...

    def clear(self) -> None:
        """Give all of it back: no row is alive."""
        ...

    def start(self, row: int, prompt: Prompt, shared: Prompt | None) -> None:
        """A row begins after its prompt: the part that is not shared is copied into its first slots."""
        ...

    def move(self, source: int, target: int, used: int) -> None:
        """A row takes another's place."""
        ...

    def attention(self, row_N: Sequence[int], slot_N: Sequence[int], rows: int) -> Attention:
        """For packed tokens, row by row: each looks at its row's shared prompt and at the slots up to its own.

        In `slot_N` each token's key and value are put.
        """
        ...


def grown(have: int, wanted: int) -> int:
    """How many slots to keep, that have and wanted are enough for."""
    return have if wanted <= have else -(-max(wanted, have * 3 // 2) // SLOTS) * SLOTS


class Shared(NamedTuple):
    """A prompt that rows look at where it stands."""

    prompt: Prompt
    row_index: Tensor


class PlainSlots:
    """In plain torch; row r owns [:, r]."""

    worth_sharing = 256

    def __init__(self, size: Size) -> None:
        self._size = size
        self.keys: list[Tensor] = []
        """Per layer [R, K, T, D]."""
        self.values: list[Tensor] = []
        self._shared: list[Prompt | None] = []
        self.clear()

    def clear(self) -> None:
        """No rows, no slots."""
        self.keys = [self._block(0, 0) for _ in range(self._size.layers)]
        self.values = [self._block(0, 0) for _ in range(self._size.layers)]
        self._shared = []

    def reserve(self, rows: int, slots: int) -> None:
        """Copies where there is not enough."""
        have_rows, have_slots = self.keys[0].shape[0], self.keys[0].shape[2]
        if rows <= have_rows and slots <= have_slots:
            return
        rows = have_rows if rows <= have_rows else max(rows, 2 * have_rows)
        self._shared += [None] * (rows - have_rows)
        for store in (self.keys, self.values):
            for layer, block_RKTD in enumerate(store):
                store[layer] = self._block(rows, grown(have_slots, slots))
                store[layer][:have_rows, :, :have_slots] = block_RKTD

    def start(self, row: int, prompt: Prompt, shared: Prompt | None) -> None:
        """Copy a prompt's own tokens into a row's first slots."""
        self._shared[row] = shared
        if shared is prompt:
            return
        for layer in range(self._size.layers):
            self.keys[layer][row, :, : prompt.own] = prompt.keys[layer].transpose(0, 1)
            self.values[layer][row, :, : prompt.own] = prompt.values[layer].transpose(0, 1)

    def move(self, source: int, target: int, used: int) -> None:
        """Copy a row's used slots over another's."""
        self._shared[target] = self._shared[source]
        for store in (self.keys, self.values):
            for block_RKTD in store:
                block_RKTD[target, :, :used] = block_RKTD[source, :, :used]

    def attention(self, row_N: Sequence[int], slot_N: Sequence[int], rows: int) -> "RowAttention":
        """Rows padded to one number of added tokens."""
        counts, used = [0] * rows, [0] * rows
        for row, slot in zip(row_N, slot_N, strict=True):
            used[row] = used[row] if counts[row] else slot
            counts[row] += 1
        adds, used_R = max(counts), torch.tensor(used)
        place_N = None
        if counts != [1] * rows:
            place_N = (torch.arange(adds) < torch.tensor(counts)[:, None]).flatten().nonzero()[:, 0]
        limit_RC = used_R[:, None] + torch.arange(adds)
        hidden_RCT = torch.arange(int(used_R.max()) + adds) > limit_RC[..., None]
        mask_R1CT = torch.zeros(hidden_RCT.shape, dtype=self._size.dtype).masked_fill_(hidden_RCT, -torch.inf)[:, None]
        return RowAttention(
            self, torch.tensor(row_N), torch.tensor(slot_N), place_N, adds, mask_R1CT, self._members(rows)
        )

    def _block(self, rows: int, slots: int) -> Tensor:
        return torch.zeros(rows, self._size.heads, slots, self._size.head_size, dtype=self._size.dtype)

    def _members(self, rows: int) -> list[Shared]:
        """The prompts that rows look at where they stand, in row order."""
        members: dict[int, tuple[Prompt, list[int]]] = {}
        for index, prompt in enumerate(self._shared[:rows]):
            if prompt is not None:
                members.setdefault(id(prompt), (prompt, []))[1].append(index)
        return [Shared(prompt, torch.tensor(indexes)) for prompt, indexes in members.values()]


@dataclass(slots=True)
class RowAttention:
    """Each live row looks at its shared prompt, at its own slots and at the tokens that it adds now."""

    slots: PlainSlots
    row_N: Tensor
    slot_N: Tensor
    """Where each packed token's key and value go; the packed tokens stand row by row."""
    place_N: Tensor | None
    """Index into R * C of each packed token; None where every row adds one."""
    adds: int
    """C."""
    mask_R1CT: Tensor
    """0 where a row may look, -inf elsewhere."""
    shared: Sequence[Shared]

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
