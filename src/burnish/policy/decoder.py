"""A decoder of the Llama and Qwen kind (RMSNorm, rotary positions, grouped queries, SwiGLU), computed by ourselves.

It runs on the tensors of a Hugging Face model, fused into few matrices (`weights.py`), through kernels (`kernels/`),
layer by layer (`layer.py`). An attention that travels with the call says who looks at whom.

Letters: N packed tokens, P picked places, X hidden size, V vocabulary, T positions, D head size.
"""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from burnish.policy.adapter import Adapter, Route, Routing
from burnish.policy.attention import Attention
from burnish.policy.kernels.kernels import Heads, Kernels, Normed, sum_dtype
from burnish.policy.kernels.layers import NativeLayers, native_layers
from burnish.policy.kernels.slots import NativeRowAttention
from burnish.policy.layer import Lows, Stream, Way, forward, learning_backward, learning_forward
from burnish.policy.network import head_size
from burnish.policy.weights import PANELS_MOST, Layer, Vector, Weights

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
"""Architectures whose layers are these, by `model_type`."""
MOST_HEAD_SIZE = 512
"""Of the kernels' buffers."""


def is_ours(model: Any) -> bool:
    """Whether a loaded model is of this kind, down to its details."""
    config = model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type in FAMILIES
        and config.hidden_act == "silu"
        and rope.get("rope_type", "default") in ("default", "llama3", "linear", "yarn")
        and all(_is_plain(layer) for layer in model.base_model.layers)
        and model.get_output_embeddings().bias is None
    )


def _is_plain(layer: Any) -> bool:
    attention, gated = layer.self_attn, layer.mlp
    without_bias = (attention.o_proj, gated.gate_proj, gated.up_proj, gated.down_proj)
    return all(module.bias is None for module in without_bias) and attention.head_dim <= MOST_HEAD_SIZE


class Decoder:
    """See `Network`."""

    def __init__(self, model: Any, routing: Routing, kernels: Kernels, dtype: torch.dtype) -> None:
        self.model = model
        self.kernels = kernels
        self.dtype = dtype
        self.head_size = head_size(model.config.get_text_config())
        self._routing = routing
        self.weights = Weights(model, dtype, kernels)
        config, wide = model.config.get_text_config(), sum_dtype(dtype)
        self._epsilon = float(config.rms_norm_eps)
        self._cosine_TD, self._sine_TD = _rotations(model.base_model.rotary_emb, config.max_position_embeddings, wide)
        attention = model.base_model.layers[0].self_attn
        self._scale = float(attention.scaling)
        self._heads = [self._heads_of(layer, config) for layer in self.weights.layers]
        self._layers: NativeLayers | None = None
        self._lows: WeakKeyDictionary[Adapter, tuple[int, list[Lows]]] = WeakKeyDictionary()

    def hidden(self, ids_N: Tensor, position_N: Tensor, attention: Attention) -> Tensor:
        """The last hidden state of every packed token, normed, [N, X]."""
        if isinstance(attention, NativeRowAttention) and (layers := self._native_layers(len(ids_N))) is not None:
            return layers.hidden(self.embedded(ids_N).x_NX, position_N, attention)
        lows = [self._lows_of(route) for route in self._routing.routes]
        ways = [
            Way(
                index,
                layer,
                self.kernels,
                self._heads[index],
                self._scale,
                self._epsilon,
                position_N,
                attention,
                [per_layer[index] for per_layer in lows],
            )
            for index, layer in enumerate(self.weights.layers)
        ]
        if torch.is_grad_enabled():
            hidden_NX: Tensor = _LearningPass.apply(torch.zeros((), requires_grad=True), ids_N, ways, self)  # type: ignore[no-untyped-call] # torch's own
            return hidden_NX
        stream = self.embedded(ids_N)
        for way in ways:
            stream = forward(way, stream)
        return self.last_normed(stream).h_NX

    def embedded(self, ids_N: Tensor) -> Stream:
        """Where the residual stream begins."""
        return Stream(self.weights.embedding.weight_OI[ids_N].to(sum_dtype(self.dtype)), None)

    def last_normed(self, stream: Stream) -> Normed:
        """Where it ends: before the head."""
        return self.kernels.add_norm(*stream, self.weights.norm.value_X, self._epsilon, self.dtype)

    def logits(self, hidden_PX: Tensor) -> Tensor:
        """The scores of every next token, [P, V], before temperature and mask; without gradient."""
        return self.weights.head.product(hidden_PX)

    def logits_backward(self, dlogits_PV: Tensor, hidden_PX: Tensor) -> Tensor:
        """The gradient at the hidden states; that of the head's weights is added where they learn."""
        self.weights.head.add_gradient(hidden_PX, dlogits_PV)
        return self.weights.head.back(dlogits_PV)

    def learn(self) -> dict[str, nn.Parameter]:
        """Let all weights learn: their masters by name. `refresh` after each of their moves."""
        return self.weights.learn()

    def put_away(self) -> None:
        """What only sampling needs of weights that learn."""
        self._layers = None
        self.weights.put_away()

    def refresh(self) -> None:
        """The masters have moved."""
        self._layers = None
        self.weights.refresh()

    def _native_layers(self, tokens: int) -> NativeLayers | None:
        """All layers at a go, for so many tokens of rows; None where they go kernel by kernel."""
        if self._routing.routes or tokens > PANELS_MOST:
            return None
        if self._layers is None:
            self._layers = native_layers(self.weights, self._heads, self._scale, self.kernels)
        return self._layers

    def _heads_of(self, layer: Layer, config: Any) -> Heads:
        def value(vector: Vector | None) -> Tensor | None:
            return None if vector is None else vector.value_X

        return Heads(
            query=config.num_attention_heads,
            key=config.num_key_value_heads,
            query_norm_D=value(layer.query_norm),
            key_norm_D=value(layer.key_norm),
            epsilon=self._epsilon,
            cosine_TD=self._cosine_TD,
            sine_TD=self._sine_TD,
        )

    def _lows_of(self, route: Route) -> list[Lows]:
        """The adapter's factors beside each layer's matrices; made again once it has moved."""
        version, found = self._lows.get(route.adapter, (None, []))
        if version != route.adapter.version:
            found = [
                Lows(route, *(matrix.low(route.adapter) for matrix in layer.matrices)) for layer in self.weights.layers
            ]
            self._lows[route.adapter] = (route.adapter.version, found)
        return [each._replace(route=route) for each in found]


class _LearningPass(torch.autograd.Function):
    """From ids to the last norm and back, layer by layer; the way back adds the gradients of all that learns."""

    @staticmethod
    def forward(ctx: Any, _root: Tensor, ids_N: Tensor, ways: Sequence[Way], decoder: Decoder) -> Tensor:
        stream, layers = decoder.embedded(ids_N), []
        for way in ways:
            stream, kept = learning_forward(way, stream)
            layers.append((way, kept))
        last = decoder.last_normed(stream)
        ctx.decoder, ctx.ids_N, ctx.layers, ctx.last = decoder, ids_N, layers, (last.sum_NX, last.inverse_N)
        return last.h_NX

    @staticmethod
    def backward(ctx: Any, dh_NX: Tensor) -> tuple[None, ...]:
        weights, (x_NX, inverse_N) = ctx.decoder.weights, ctx.last
        weights.head.passed()
        dx_NX, norm = torch.zeros_like(x_NX), weights.norm
        dout_NX = ctx.decoder.kernels.add_norm_backward(dh_NX, x_NX, norm.value_X, inverse_N, dx_NX, norm.gradient)
        while ctx.layers:
            way, kept = ctx.layers.pop()
            dout_NX = learning_backward(way, kept, dx_NX, dout_NX)
        weights.embedding.add_rows(ctx.ids_N, dx_NX)
        return None, None, None, None


def _rotations(rotary: Any, positions: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position and pair, [T, D / 2] (arXiv:2104.09864)."""
    angle_TD = torch.arange(positions)[:, None].float() * rotary.inv_freq.float()
    scale = getattr(rotary, "attention_scaling", 1.0)
    return (angle_TD.cos() * scale).to(dtype).contiguous(), (angle_TD.sin() * scale).to(dtype).contiguous()
