"""All layers of a decode step in one call: for few tokens, calling kernel by kernel takes as long as computing.

Letters: N packed tokens of rows, X hidden size, L layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from burnish.policy.kernels.kernels import Heads, Kernels
from burnish.policy.kernels.native import NativeKernels, NativePanels
from burnish.policy.kernels.slots import NativeRowAttention
from burnish.policy.weights import Layer, Weights


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a layer computes with, in the order in which `source/layers.h` reads it."""

    attention_norm_X: Tensor
    heads: Heads
    gate_norm_X: Tensor
    qkv: NativePanels
    output: NativePanels
    gate_up: NativePanels
    down: NativePanels

    def addresses(self) -> list[int | None]:
        """Null where there is no such norm or bias."""
        norms = (self.attention_norm_X, self.heads.query_norm_D, self.heads.key_norm_D, self.gate_norm_X)
        panels = (self.qkv, self.output, self.gate_up, self.down)
        return [
            *(None if norm is None else norm.data_ptr() for norm in norms),
            *(address for each in panels for address in each.addresses()),
        ]


class NativeLayers:
    """The layers of a decoder whose matrices are all in our panels, without adapters."""

    def __init__(self, kernels: NativeKernels, layers: Sequence[_Parts], last_norm_X: Tensor, scale: float) -> None:
        """`scale` is that of attention's scores. What the layers are made of must stay where it is."""
        self._dtype = layers[0].down.dtype
        self._through = kernels.through_layers[self._dtype]
        self._parts, self._last_norm_X, self._scale = layers, last_norm_X, scale
        self._layers_L = np.array([[address or 0 for address in each.addresses()] for each in layers], np.int64)
        heads, size = layers[0].heads, 2 * layers[0].heads.cosine_TD.shape[1]
        sizes = (len(layers), len(last_norm_X), heads.query, heads.key, size, layers[0].down.inputs)
        self._sizes = np.array(sizes, np.int64)
        self._rotations = (heads.cosine_TD.data_ptr(), heads.sine_TD.data_ptr())
        self._epsilon = heads.epsilon

    def hidden(self, x_NX: Tensor, position_N: Tensor, attention: NativeRowAttention) -> Tensor:
        """What the last norm makes of the residual stream, [N, X], as activations; `x_NX`, a sum, is used up."""
        hidden_NX = torch.empty(x_NX.shape, dtype=self._dtype)
        places = np.array([position_N.data_ptr(), *attention.addresses()], np.int64)
        self._through(
            self._layers_L.ctypes.data,
            self._sizes.ctypes.data,
            places.ctypes.data,
            *self._rotations,
            self._last_norm_X.data_ptr(),
            self._epsilon,
            self._scale,
            x_NX.data_ptr(),
            hidden_NX.data_ptr(),
            x_NX.shape[0],
        )
        return hidden_NX


def native_layers(weights: Weights, heads: Sequence[Heads], scale: float, kernels: Kernels) -> NativeLayers | None:
    """All layers; None where a matrix is not in our own panels."""
    if not isinstance(kernels, NativeKernels):
        return None
    parts = [_parts_of(layer, each) for layer, each in zip(weights.layers, heads, strict=True)]
    native = [part for part in parts if part is not None]
    return NativeLayers(kernels, native, weights.norm.value_X, scale) if len(native) == len(parts) else None


def _parts_of(layer: Layer, heads: Heads) -> _Parts | None:
    panels = [matrix.panels() for matrix in layer.matrices]
    native = [each for each in panels if isinstance(each, NativePanels)]
    if len(native) < len(panels):
        return None
    return _Parts(layer.attention_norm.value_X, heads, layer.gate_norm.value_X, *native)
