"""The rows' keys and values in the kernels' own layout: blocks that a decode step reads in order, once.

Letters: K key/value heads, D head size, R live rows, S slots of a row, E tokens of a shared prompt, N packed tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from burnish.policy.cache import Prompt
from burnish.policy.kernels.native import NativeKernels
from burnish.policy.slots import Size, grown

LANES = 16
"""Tokens of a block of keys."""
PADDED = 32
"""To a multiple of as many tokens are prompts laid out."""


class NativeSlots:
    """See `Slots`."""

    worth_sharing = LANES

    def __init__(self, size: Size, kernels: NativeKernels) -> None:
        self._size = size
        self._kernels = kernels
        self._lay, self._attend = kernels.lay[size.dtype], kernels.attend[size.dtype]
        self._slots = 0
        self._keys: list[Tensor] = []
        """Per layer [R, K, S * D]."""
        self._values: list[Tensor] = []
        self._shared: list[Prompt | None] = []
        self._laid: WeakKeyDictionary[Prompt, list[tuple[Tensor, Tensor]]] = WeakKeyDictionary()
        self._prefixes: _Prefixes | None = None
        self.clear()

    def clear(self) -> None:
        """No rows, no slots."""
        self._slots = 0
        self._keys = [self._block(0, 0) for _ in range(self._size.layers)]
        self._values = [self._block(0, 0) for _ in range(self._size.layers)]
        self._shared = []
        self._prefixes = None

    def reserve(self, rows: int, slots: int) -> None:
        """Copies where there is not enough."""
        have_rows = len(self._shared)
        if rows <= have_rows and slots <= self._slots:
            return
        rows = have_rows if rows <= have_rows else max(rows, 2 * have_rows)
        self._shared += [None] * (rows - have_rows)
        self._prefixes = None
        used = self._slots * self._size.head_size
        self._slots = grown(self._slots, slots)
        for store in (self._keys, self._values):
            for layer, block in enumerate(store):
                store[layer] = self._block(rows, self._slots)
                store[layer][:have_rows, :, :used] = block

    def start(self, row: int, prompt: Prompt, shared: Prompt | None) -> None:
        """Lay a prompt's own tokens into a row's first slots."""
        self._shared[row] = shared
        self._prefixes = None
        if shared is prompt:
            return
        for layer in range(self._size.layers):
            self._put(prompt, layer, self._keys[layer][row], self._values[layer][row], self._slots)

    def move(self, source: int, target: int, used: int) -> None:
        """Copy a row's used blocks over another's."""
        self._shared[target] = self._shared[source]
        self._prefixes = None
        end = -(-used // LANES) * LANES * self._size.head_size
        for store in (self._keys, self._values):
            for block in store:
                block[target, :, :end] = block[source, :, :end]

    def attention(self, row_N: Sequence[int], slot_N: Sequence[int], rows: int) -> "NativeRowAttention":
        """Every token on its own."""
        if self._prefixes is None or self._prefixes.rows != rows:
            self._prefixes = self._found(rows)
        return NativeRowAttention(self, np.array(row_N, np.int32), np.array(slot_N, np.int32), self._prefixes)

    def attend(
        self,
        layer: int,
        query_NHD: Tensor,
        key_NKD: Tensor,
        value_NKD: Tensor,
        scale: float,
        tokens: "NativeRowAttention",
    ) -> Tensor:
        """What each token gathers: [N, H, D]."""
        query_NHD, key_NKD, value_NKD = (part.contiguous() for part in (query_NHD, key_NKD, value_NKD))
        out_NHD = torch.empty_like(query_NHD)
        prefixes = tokens.prefixes
        self._attend(
            query_NHD.data_ptr(),
            key_NKD.data_ptr(),
            value_NKD.data_ptr(),
            tokens.row_N.ctypes.data,
            tokens.slot_N.ctypes.data,
            prefixes.keys_LR[layer].ctypes.data,
            prefixes.values_LR[layer].ctypes.data,
            prefixes.tokens_R.ctypes.data,
            self._keys[layer].data_ptr(),
            self._values[layer].data_ptr(),
            self._slots,
            out_NHD.data_ptr(),
            *query_NHD.shape[:2],
            *key_NKD.shape[1:],
            scale,
        )
        return out_NHD

    def _block(self, rows: int, slots: int) -> Tensor:
        return torch.zeros(rows, self._size.heads, slots * self._size.head_size, dtype=self._size.dtype)

    def _put(self, prompt: Prompt, layer: int, keys: Tensor, values: Tensor, slots: int) -> None:
        key_EKD, value_EKD = prompt.keys[layer].contiguous(), prompt.values[layer].contiguous()
        addresses = (part.data_ptr() for part in (key_EKD, value_EKD, keys, values))
        self._lay(*addresses, *key_EKD.shape, slots)

    def _found(self, rows: int) -> "_Prefixes":
        """Where the shared prompts of the first rows lie."""
        layers = self._size.layers
        keys_LR, values_LR = np.zeros((layers, rows), np.int64), np.zeros((layers, rows), np.int64)
        tokens_R = np.zeros(rows, np.int32)
        held: list[list[tuple[Tensor, Tensor]]] = []
        for row, prompt in enumerate(self._shared[:rows]):
            if prompt is None:
                continue
            if row and prompt is self._shared[row - 1]:
                keys_LR[:, row], values_LR[:, row] = keys_LR[:, row - 1], values_LR[:, row - 1]
            else:
                held.append(self._laid_out(prompt))
                keys_LR[:, row] = [keys.data_ptr() for keys, _ in held[-1]]
                values_LR[:, row] = [values.data_ptr() for _, values in held[-1]]
            tokens_R[row] = len(prompt.ids)
        own_L = [np.array([each.data_ptr() for each in store], np.int64) for store in (self._keys, self._values)]
        return _Prefixes(rows, keys_LR, values_LR, tokens_R, held, own_L, self._slots)

    def _laid_out(self, prompt: Prompt) -> list[tuple[Tensor, Tensor]]:
        """A prompt's keys and values in blocks, [K, E * D] per layer; made once."""
        if prompt not in self._laid:
            slots = -(-len(prompt.ids) // PADDED) * PADDED
            blocks = [tuple(self._block(1, slots)[0] for _ in range(2)) for _ in range(self._size.layers)]
            for layer, (keys, values) in enumerate(blocks):
                self._put(prompt, layer, keys, values, slots)
            self._laid[prompt] = [(keys, values) for keys, values in blocks]
        return self._laid[prompt]


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """The shared prompts of the first rows, and the rows' own slots, as addresses."""

    rows: int
    keys_LR: NDArray[np.int64]
    values_LR: NDArray[np.int64]
    tokens_R: NDArray[np.int32]
    held: list[list[tuple[Tensor, Tensor]]]
    """Keeps the addresses alive."""
    own_L: list[NDArray[np.int64]]
    """Where each layer's slots begin: keys, values."""
    slots: int
    """Of a row."""


@dataclass(frozen=True, slots=True)
class NativeRowAttention:
    """One pass of packed tokens."""

    slots: NativeSlots
    row_N: NDArray[np.int32]
    slot_N: NDArray[np.int32]
    prefixes: _Prefixes

    def attend(self, layer: int, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        """What each token gathers: [N, H, D]."""
        return self.slots.attend(layer, query_NHD, key_NKD, value_NKD, scale, self)

    def addresses(self) -> list[int]:
        """Its tokens and all layers' slots, in the order in which `source/layers.h` reads them."""
        at = self.prefixes
        tokens, layers = (self.row_N, self.slot_N, at.tokens_R), (at.keys_LR, at.values_LR, *at.own_L)
        return [*(part.ctypes.data for part in tokens), *(part.ctypes.data for part in layers), at.rows, at.slots]
