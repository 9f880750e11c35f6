"""One layer of a decoder, there and back.

The way back is written out: it needs no graph of small operations, computes no gradient of a frozen weight, and adds
those of weights and adapters that learn in place.

Letters: N packed tokens, X hidden size, O width of a matrix's output, I of the gated layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from burnish.policy.adapter import Route
from burnish.policy.attention import Attention
from burnish.policy.kernels.kernels import Heads, Kernels, Turned
from burnish.policy.weights import Layer, Low, Matrix, Vector


class Lows(NamedTuple):
    """What a route's adapter adds to a layer's matrices."""

    route: Route
    qkv: Low | None
    output: Low | None
    gate_up: Low | None
    down: Low | None


@dataclass(frozen=True, slots=True)
class Way:
    """What a pass through one layer needs beside the tokens."""

    index: int
    layer: Layer
    kernels: Kernels
    heads: Heads
    scale: float
    epsilon: float
    position_N: Tensor
    attention: Attention
    routes: Sequence[Lows]
    lows: dict[str, Tensor] = field(default_factory=dict)
    """What passes between the adapter's factors, kept for the way back."""
    dlows: dict[str, Tensor] = field(default_factory=dict)
    """Its gradient."""

    def through(self, name: str, x_NI: Tensor) -> Tensor:
        """x through one of the layer's matrices and the adapters on it."""
        matrix: Matrix = getattr(self.layer, name)
        out_NO = matrix.product(x_NI)
        for lows in self.routes:
            low: Low | None = getattr(lows, name)
            if low is None:
                continue
            if lows.route.token_index is None:
                self.lows[name] = low.add(out_NO, x_NI)
            else:
                low.add_at(out_NO, x_NI, lows.route.token_index, lows.route.room)
        return out_NO

    def back(self, name: str, dout_NO: Tensor) -> Tensor:
        """The gradient at the input of a matrix and the adapter on it."""
        matrix: Matrix = getattr(self.layer, name)
        dx_NI = dout_NO @ matrix.weight_OI
        for lows in self.routes:
            assert lows.route.token_index is None, "one adapter for all tokens learns at a time"
            low: Low | None = getattr(lows, name)
            if low is not None:
                self.dlows[name] = low.back(dout_NO, dx_NI)
        return dx_NI

    def learn(self, name: str, x_NI: Tensor, dout_NO: Tensor) -> None:
        """Add the gradients of a matrix and the adapter on it, once the way back has passed them."""
        matrix: Matrix = getattr(self.layer, name)
        matrix.add_gradient(x_NI, dout_NO)
        for lows in self.routes:
            low: Low | None = getattr(lows, name)
            if low is not None:
                low.add_gradient(x_NI, self.lows.pop(name), self.dlows.pop(name), dout_NO)

    def normed(self, x_NX: Tensor, norm: Vector) -> Tensor:
        """What a norm gave, once more."""
        return self.kernels.add_norm(x_NX, None, norm.value_X, self.epsilon, self.layer.qkv.weight_OI.dtype)[0]

    def attend(self, turned: Turned) -> Tensor:
        """What each token gathers, [N, H * D]."""
        return self.attention.attend(self.index, *turned, self.scale).flatten(1)


def forward(way: Way, x_NX: Tensor) -> Tensor:
    """The residual stream after the layer; x is overwritten. Without gradient."""
    kernels, layer = way.kernels, way.layer
    dtype = layer.qkv.weight_OI.dtype
    h_NX, _ = kernels.add_norm(x_NX, None, layer.attention_norm.value_X, way.epsilon, dtype)
    turned = kernels.turn(way.through("qkv", h_NX), way.position_N, way.heads)
    y_NX = way.through("output", way.attend(turned))
    h_NX, _ = kernels.add_norm(x_NX, y_NX, layer.gate_norm.value_X, way.epsilon, dtype)
    x_NX += way.through("down", kernels.gate(way.through("gate_up", h_NX)))
    return x_NX


class LearningPass(torch.autograd.Function):
    """The same, remembering what the way back needs. The norms' outputs and the gate's are made again there."""

    @staticmethod
    def forward(ctx: Any, x_NX: Tensor, way: Way) -> Tensor:
        """The residual stream after the layer."""
        kernels, layer = way.kernels, way.layer
        dtype = layer.qkv.weight_OI.dtype
        h_NX, inverse_N = kernels.add_norm(x_NX, None, layer.attention_norm.value_X, way.epsilon, dtype)
        qkv_NO = way.through("qkv", h_NX)
        with torch.enable_grad():
            turned = Turned(*(part.requires_grad_() for part in kernels.turn(qkv_NO, way.position_N, way.heads)))
            gathered_NO = way.attend(turned)
        y_NX = way.through("output", gathered_NO.detach())
        middle_NX = x_NX.clone()
        h_NX, middle_inverse_N = kernels.add_norm(middle_NX, y_NX, layer.gate_norm.value_X, way.epsilon, dtype)
        both_NI = way.through("gate_up", h_NX)
        ctx.way = way
        ctx.turned, ctx.gathered_NO = turned, gathered_NO
        ctx.save_for_backward(x_NX, inverse_N, qkv_NO, middle_NX, middle_inverse_N, both_NI)
        return middle_NX + way.through("down", kernels.gate(both_NI))

    @staticmethod
    def backward(ctx: Any, dx_NX: Tensor) -> tuple[Tensor, None]:
        """The gradient at the layer's input."""
        way: Way = ctx.way
        kernels, layer = way.kernels, way.layer
        x_NX, inverse_N, qkv_NO, middle_NX, middle_inverse_N, both_NI = ctx.saved_tensors
        dtype = both_NI.dtype
        norm, gate_norm = layer.attention_norm, layer.gate_norm
        dx_NX = dx_NX.clone()
        dout_NX = dx_NX.to(dtype)
        dboth_NI, gated_NI = kernels.gate_backward(way.back("down", dout_NX), both_NI)
        way.learn("down", gated_NI, dout_NX)
        dh_NX = way.back("gate_up", dboth_NI)
        way.learn("gate_up", way.normed(middle_NX, gate_norm), dboth_NI)
        kernels.add_norm_backward(dh_NX, middle_NX, gate_norm.value_X, middle_inverse_N, dx_NX, gate_norm.gradient)
        dout_NX = dx_NX.to(dtype)
        dgathered_NO = way.back("output", dout_NX)
        way.learn("output", ctx.gathered_NO.detach(), dout_NX)
        dturned = Turned(*torch.autograd.grad(ctx.gathered_NO, ctx.turned, dgathered_NO))
        ctx.turned = ctx.gathered_NO = None
        dqkv_NO = kernels.turn_backward(dturned, qkv_NO, way.position_N, way.heads, _head_gradients(layer))
        dh_NX = way.back("qkv", dqkv_NO)
        way.learn("qkv", way.normed(x_NX, norm), dqkv_NO)
        kernels.add_norm_backward(dh_NX, x_NX, norm.value_X, inverse_N, dx_NX, norm.gradient)
        return dx_NX, None


def _head_gradients(layer: Layer) -> tuple[Tensor, Tensor] | None:
    if layer.query_norm is None or layer.key_norm is None:
        return None
    query_D, key_D = layer.query_norm.gradient, layer.key_norm.gradient
    return None if query_D is None or key_D is None else (query_D, key_D)
