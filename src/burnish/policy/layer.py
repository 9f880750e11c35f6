"""One layer of a decoder, there and back.

The way back is written out: it needs no graph of small operations, computes no gradient of a frozen weight, and adds
those of weights and adapters that learn in place.

Letters: N packed tokens, X hidden size, O width of a matrix's output, I of the gated layer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from burnish.policy.adapter import Route
from burnish.policy.attention import Attention
from burnish.policy.kernels.kernels import Heads, Kernels, Normed, Turned
from burnish.policy.weights import Layer, Low, Matrix, Vector

GATED_TOKENS = 256
"""That pass a gated layer at a time, where its matrices are in panels."""


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

    def parts(self, tokens: int) -> Iterator[slice]:
        """So many tokens at a time through the gated layer: those whose numbers the cache holds.

        Where a product is the slower the fewer rows it has, or an adapter keeps something of each, all at once.
        """
        in_panels = self.layer.gate_up.in_panels and self.layer.down.in_panels
        size = GATED_TOKENS if in_panels and not self.routes else max(tokens, 1)
        return (slice(start, min(start + size, tokens)) for start in range(0, tokens, size))

    def through(self, name: str, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through one of the layer's matrices and the adapters on it; into another tensor, where it is given."""
        matrix: Matrix = getattr(self.layer, name)
        out_NO = matrix.product(x_NI, out_NO)
        for lows in self.routes:
            low: Low | None = getattr(lows, name)
            if low is None:
                continue
            if lows.route.token_index is None:
                self.lows[name] = low.add(out_NO, x_NI)
            else:
                low.add_at(out_NO, x_NI, lows.route.token_index, lows.route.room)
        return out_NO

    def back(self, name: str, dout_NO: Tensor, out_NI: Tensor | None = None) -> Tensor:
        """The gradient at the input of a matrix and the adapter on it; into another tensor, where it is given."""
        matrix: Matrix = getattr(self.layer, name)
        dx_NI = matrix.back(dout_NO, out_NI)
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

    def normed(self, x_NX: Tensor, y_NX: Tensor | None, norm: Vector) -> Normed:
        """The residual stream after y, and its norm."""
        return self.kernels.add_norm(x_NX, y_NX, norm.value_X, self.epsilon, self.layer.qkv.weight_OI.dtype)

    def unnormed(self, dh_NX: Tensor, x_NX: Tensor, inverse_N: Tensor, norm: Vector, dx_NX: Tensor) -> Tensor:
        """Add the gradient at a norm's input to `dx_NX`; that, in the type of activations."""
        return self.kernels.add_norm_backward(dh_NX, x_NX, norm.value_X, inverse_N, dx_NX, norm.gradient)

    def attend(self, turned: Turned) -> Tensor:
        """What each token gathers, [N, H * D]."""
        return self.attention.attend(self.index, *turned, self.scale).flatten(1)


class Stream(NamedTuple):
    """The residual stream between two layers: x + y, which the next norm adds up."""

    x_NX: Tensor
    y_NX: Tensor | None
    """In the type of activations; None: there is only x."""


class Kept(NamedTuple):
    """What the way back through a layer needs. The norms' outputs and the gate's are made again there."""

    x_NX: Tensor
    inverse_N: Tensor
    qkv_NO: Tensor
    turned: Turned
    gathered_NO: Tensor
    middle_NX: Tensor
    middle_inverse_N: Tensor
    both_NI: Tensor
    """Gate and up; the way back turns it into its gradient."""


def forward(way: Way, stream: Stream) -> Stream:
    """The residual stream after the layer. Without gradient."""
    kernels, layer = way.kernels, way.layer
    x_NX, h_NX, _ = way.normed(*stream, layer.attention_norm)
    turned = kernels.turn(way.through("qkv", h_NX), way.position_N, way.heads)
    x_NX, h_NX, _ = way.normed(x_NX, way.through("output", way.attend(turned)), layer.gate_norm)
    return Stream(x_NX, way.through("down", kernels.gate(way.through("gate_up", h_NX))))


def learning_forward(way: Way, stream: Stream) -> tuple[Stream, Kept]:
    """The same, and what the way back needs."""
    kernels, layer = way.kernels, way.layer
    x_NX, h_NX, inverse_N = way.normed(*stream, layer.attention_norm)
    qkv_NO = way.through("qkv", h_NX)
    with torch.enable_grad():
        turned = Turned(*(part.requires_grad_() for part in kernels.turn(qkv_NO, way.position_N, way.heads)))
        gathered_NO = way.attend(turned)
    y_NX = way.through("output", gathered_NO.detach())
    middle_NX, h_NX, middle_inverse_N = way.normed(x_NX, y_NX, layer.gate_norm)
    both_NI = h_NX.new_empty(len(h_NX), len(layer.gate_up.weight_OI))
    for part in way.parts(len(h_NX)):
        gated_NI = kernels.gate(way.through("gate_up", h_NX[part], both_NI[part]))
        way.through("down", gated_NI, y_NX[part])  # y has been added, and its place is free
    kept = Kept(x_NX, inverse_N, qkv_NO, turned, gathered_NO, middle_NX, middle_inverse_N, both_NI)
    return Stream(middle_NX, y_NX), kept


def learning_backward(way: Way, kept: Kept, dx_NX: Tensor, dout_NX: Tensor) -> Tensor:
    """Turn `dx_NX`, the gradient at the layer's output, into that at its input; that, in the type of activations, as
    `dout_NX` is of the output's."""
    kernels, layer = way.kernels, way.layer
    both_NI, dh_NX = kept.both_NI, torch.empty_like(dout_NX)
    gated_NI = dout_NX.new_empty(len(both_NI), both_NI.shape[1] // 2)
    for part in way.parts(len(both_NI)):
        kernels.gate_backward(way.back("down", dout_NX[part], gated_NI[part]), both_NI[part])
        way.back("gate_up", both_NI[part], dh_NX[part])
    way.learn("down", gated_NI, dout_NX)
    way.learn("gate_up", way.normed(kept.middle_NX, None, layer.gate_norm).h_NX, both_NI)
    dout_NX = way.unnormed(dh_NX, kept.middle_NX, kept.middle_inverse_N, layer.gate_norm, dx_NX)
    dgathered_NO = way.back("output", dout_NX)
    way.learn("output", kept.gathered_NO.detach(), dout_NX)
    dturned = Turned(*torch.autograd.grad(kept.gathered_NO, kept.turned, dgathered_NO))
    dqkv_NO = kernels.turn_backward(dturned, kept.qkv_NO, way.position_N, way.heads, _head_gradients(layer))
    dh_NX = way.back("qkv", dqkv_NO)
    way.learn("qkv", way.normed(kept.x_NX, None, layer.attention_norm).h_NX, dqkv_NO)
    for matrix in layer.matrices:
        matrix.passed()
    return way.unnormed(dh_NX, kept.x_NX, kept.inverse_N, layer.attention_norm, dx_NX)


def _head_gradients(layer: Layer) -> tuple[Tensor, Tensor] | None:
    if layer.query_norm is None or layer.key_norm is None:
        return None
    query_D, key_D = layer.query_norm.gradient, layer.key_norm.gradient
    return None if query_D is None or key_D is None else (query_D, key_D)
