"""A decoder's weights as few, large matrices, and what an adapter adds to them.

Matrices that read the same input stand one below the other: query, key and value; gate and up. The parameters of the
Hugging Face model become views of them, so that the model's own names, files and forward pass stay as they are.

Weights that learn have a master in fp32 (fp64 beside fp64), to which gradients are added and which the optimizer
moves; where activations are of that type, too, master and weight are one.

Letters: N tokens, I input features, O output features, X hidden size, r rank (of all parts of a matrix together).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.policy.adapter import Adapter
from burnish.policy.kernels.kernels import Kernels, Panels, sum_dtype
from burnish.policy.memory import give_back

PANELS_MOST = 512
"""Most rows for which a matrix in panels is the faster one."""
_KEPT_BACK_BYTES = 4 * 1024 * 1024
"""Of a matrix whose panels for the way back are kept: those of larger ones take long to pass, and little to lay."""
_WORTH_GIVING_BACK = 64 * 1024 * 1024
"""Bytes of weights that learn; what fewer leave behind is sooner used again than brought back."""


@dataclass(slots=True)
class Part:
    """One linear layer's rows of a matrix."""

    name: str
    """Of the layer in the model."""
    module: Any
    start: int
    stop: int
    master: nn.Parameter | None = field(default=None)
    """Of its weight, where it learns."""
    bias_master: nn.Parameter | None = field(default=None)


class Low(NamedTuple):
    """What an adapter adds to a matrix: up_Or @ (down_rI @ x), scale included in the former."""

    adapter: Adapter
    down_rI: Tensor
    up_Or: Tensor
    parts: Sequence[tuple[Part, slice]]
    """Each part that the adapter has, and its ranks."""

    def add(self, out_NO: Tensor, x_NI: Tensor) -> Tensor:
        """Add the adapter's share to a matrix's output, in place; x through the lower factor."""
        low_Nr = F.linear(x_NI, self.down_rI)
        out_NO.addmm_(low_Nr, self.up_Or.t())
        return low_Nr

    def add_at(self, out_NO: Tensor, x_NI: Tensor, token_index: Tensor, room: int = 0) -> None:
        """The same for some of the tokens, by products of at least `room` rows."""
        tokens = len(token_index)
        x_PI = x_NI[token_index]
        if tokens < room:
            x_PI = F.pad(x_PI, (0, 0, 0, room - tokens))
        low_Pr = F.linear(x_PI, self.down_rI)
        out_NO.index_add_(0, token_index, F.linear(low_Pr, self.up_Or)[:tokens])

    def back(self, dout_NO: Tensor, dx_NI: Tensor) -> Tensor:
        """Add the adapter's share of the gradient at x to `dx_NI`; the one between its factors."""
        dlow_Nr = dout_NO @ self.up_Or
        dx_NI.addmm_(dlow_Nr, self.down_rI)
        return dlow_Nr

    def add_gradient(self, x_NI: Tensor, low_Nr: Tensor, dlow_Nr: Tensor, dout_NO: Tensor) -> None:
        """Add the factors' gradients."""
        ddown_rI = dlow_Nr.t() @ x_NI
        dup_Or = dout_NO.t() @ low_Nr
        for part, ranks in self.parts:
            factors = self.adapter.factors[part.name]
            _add(factors.a_rI, ddown_rI[ranks])
            _add(factors.b_Or, dup_Or[part.start : part.stop, ranks] * self.adapter.scale)


class Matrix:
    """One or more linear layers, or an embedding, as one matrix."""

    def __init__(self, modules: Mapping[str, Any], dtype: torch.dtype, kernels: Kernels) -> None:
        weights = [module.weight.detach() for module in modules.values()]
        biases = [module.bias.detach() for module in modules.values() if getattr(module, "bias", None) is not None]
        self.weight_OI = torch.cat(weights).to(dtype)
        self.bias_O = torch.cat(biases).to(dtype) if biases else None
        self.parts: list[Part] = []
        start = 0
        for (name, module), weight in zip(modules.items(), weights, strict=True):
            self.parts.append(Part(name, module, start, start + len(weight)))
            start += len(weight)
        for part in self.parts:
            part.module.weight = nn.Parameter(self.weight_OI[part.start : part.stop], requires_grad=False)
            if self.bias_O is not None:
                part.module.bias = nn.Parameter(self.bias_O[part.start : part.stop], requires_grad=False)
        self._kernels = kernels
        self._panels: Panels | None = None
        self._back_panels: Panels | None = None

    @property
    def learns(self) -> bool:
        """Whether its weights do, apart from any adapter."""
        return self.parts[0].master is not None

    def learn(self) -> dict[str, nn.Parameter]:
        """Let the layers' weights and biases learn; their masters by name."""
        wide = sum_dtype(self.weight_OI.dtype)
        masters: dict[str, nn.Parameter] = {}
        for part in self.parts:
            part.master = masters[f"{part.name}.weight"] = nn.Parameter(self.weight_OI[part.start : part.stop].to(wide))
            if self.bias_O is not None:
                part.bias_master = nn.Parameter(self.bias_O[part.start : part.stop].to(wide))
                masters[f"{part.name}.bias"] = part.bias_master
        return masters

    @property
    def in_panels(self) -> bool:
        """Whether all of its products are, however many rows they have."""
        return self._kernels.has_panels_for_all(self.weight_OI)

    def put_away(self) -> None:
        """Keep no second layout of weights that are about to move, and that only sampling needs."""
        if self.learns and not self.in_panels:
            self._panels = None

    def refresh(self) -> None:
        """The masters have moved."""
        self._panels = self._back_panels = None
        with torch.no_grad():
            for part in self.parts:
                if part.master is not None:
                    self.weight_OI[part.start : part.stop] = part.master
                if part.bias_master is not None:
                    assert self.bias_O is not None
                    self.bias_O[part.start : part.stop] = part.bias_master

    def product(self, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through the matrix, without gradient: [N, O]; into whole rows of another tensor, where it is given."""
        if self.in_panels or (self.weight_OI.dtype == torch.bfloat16 and x_NI.shape[0] <= PANELS_MOST):
            return self.panels().product(x_NI, out_NO)
        if self.bias_O is None:
            return torch.mm(x_NI, self.weight_OI.t(), out=out_NO)
        return torch.addmm(self.bias_O, x_NI, self.weight_OI.t(), out=out_NO)

    def panels(self) -> Panels:
        """The matrix in panels, kept until its weights move or are about to."""
        if self._panels is None:
            self._panels = self._kernels.panels(self.weight_OI, self.bias_O)
        return self._panels

    def back(self, dout_NO: Tensor, out_NI: Tensor | None = None) -> Tensor:
        """The gradient at x: [N, I]; into whole rows of another tensor, where it is given."""
        if not self.in_panels:
            return torch.mm(dout_NO, self.weight_OI, out=out_NI)
        if self._back_panels is None:
            self._back_panels = self._kernels.panels(self.weight_OI.t(), None)
        return self._back_panels.product(dout_NO, out_NI)

    def passed(self) -> None:
        """The way back is behind it: keep no second layout of a large matrix for the next time."""
        if self.weight_OI.nbytes > _KEPT_BACK_BYTES:
            self._back_panels = None

    def add_gradient(self, x_NI: Tensor, dout_NO: Tensor) -> None:
        """Add the gradients of the weights, where they learn."""
        if not self.learns:
            return
        for part in self.parts:
            assert part.master is not None
            dpart_NO = dout_NO[:, part.start : part.stop]
            self._kernels.add_outer(dpart_NO, x_NI, gradient_of(part.master))
            if part.bias_master is not None:
                _add(part.bias_master, dpart_NO.sum(dim=0))

    def add_rows(self, ids_N: Tensor, dout_NI: Tensor) -> None:
        """Add the gradient of an embedding, where it learns."""
        if (master := self.parts[0].master) is not None:
            gradient_of(master).index_add_(0, ids_N, dout_NI.to(master.dtype))

    def low(self, adapter: Adapter) -> Low | None:
        """The adapter's factors side by side, in the matrix's type; None where it has none for it."""
        mine = [part for part in self.parts if part.name in adapter.factors]
        if not mine:
            return None
        dtype = self.weight_OI.dtype
        down_rI = torch.cat([adapter.factors[part.name].a_rI.detach() for part in mine]).to(dtype)
        up_Or = torch.zeros(len(self.weight_OI), len(down_rI), dtype=dtype)
        parts = [(part, slice(place * adapter.rank, (place + 1) * adapter.rank)) for place, part in enumerate(mine)]
        for part, ranks in parts:
            up_Or[part.start : part.stop, ranks] = (adapter.factors[part.name].b_Or.detach() * adapter.scale).to(dtype)
        return Low(adapter, down_rI, up_Or, parts)


class Vector:
    """A norm's weight, in the type of sums."""

    def __init__(self, name: str, module: Any, dtype: torch.dtype) -> None:
        self.name = name
        self._module = module
        # A copy: what was read from a file would keep all of it mapped.
        self.value_X = module.weight.detach().to(sum_dtype(dtype), copy=True)
        module.weight = nn.Parameter(self.value_X.to(dtype), requires_grad=False)
        self.master: nn.Parameter | None = None

    @property
    def gradient(self) -> Tensor | None:
        """Where its gradient is added; None where it does not learn."""
        return None if self.master is None else gradient_of(self.master)

    def learn(self) -> nn.Parameter:
        """The weight itself, from now on with a gradient."""
        self.master = nn.Parameter(self.value_X)
        return self.master

    def refresh(self) -> None:
        """The master has moved."""
        with torch.no_grad():
            self._module.weight.copy_(self.value_X)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights."""

    attention_norm: Vector
    qkv: Matrix
    output: Matrix
    gate_norm: Vector
    gate_up: Matrix
    down: Matrix
    query_norm: Vector | None
    key_norm: Vector | None

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """In the order in which a token passes them."""
        return (self.qkv, self.output, self.gate_up, self.down)

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """Every norm."""
        found = (self.attention_norm, self.gate_norm, self.query_norm, self.key_norm)
        return tuple(vector for vector in found if vector is not None)


class Weights:
    """All of a model's weights, taken over from a Hugging Face model of the Llama and Qwen kind."""

    def __init__(self, model: Any, dtype: torch.dtype, kernels: Kernels) -> None:
        names = {module: name for name, module in model.named_modules()}
        body, head = model.base_model, model.get_output_embeddings()
        embedding = model.get_input_embeddings()
        is_tied = head.weight is embedding.weight

        def matrix(*modules: Any) -> Matrix:
            return Matrix({names[module]: module for module in modules}, dtype, kernels)

        def vector(module: Any) -> Vector | None:
            return None if module is None else Vector(names[module], module, dtype)

        self.embedding = matrix(embedding)
        self.layers = [
            Layer(
                attention_norm=Vector(names[layer.input_layernorm], layer.input_layernorm, dtype),
                qkv=matrix(layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
                output=matrix(layer.self_attn.o_proj),
                gate_norm=Vector(names[layer.post_attention_layernorm], layer.post_attention_layernorm, dtype),
                gate_up=matrix(layer.mlp.gate_proj, layer.mlp.up_proj),
                down=matrix(layer.mlp.down_proj),
                query_norm=vector(getattr(layer.self_attn, "q_norm", None)),
                key_norm=vector(getattr(layer.self_attn, "k_norm", None)),
            )
            for layer in body.layers
        ]
        self.norm = Vector(names[body.norm], body.norm, dtype)
        self.head = self.embedding if is_tied else matrix(head)
        if is_tied:
            head.weight = embedding.weight

    @property
    def matrices(self) -> list[Matrix]:
        """Every matrix once."""
        own_head = [] if self.head is self.embedding else [self.head]
        return [self.embedding, *(matrix for layer in self.layers for matrix in layer.matrices), *own_head]

    @property
    def vectors(self) -> list[Vector]:
        """Every norm once."""
        return [*(vector for layer in self.layers for vector in layer.vectors), self.norm]

    def learn(self) -> dict[str, nn.Parameter]:
        """Let all of them learn; their masters by the parameter's name in the model."""
        masters: dict[str, nn.Parameter] = {}
        for matrix in self.matrices:
            masters |= matrix.learn()
        for vector in self.vectors:
            masters[f"{vector.name}.weight"] = vector.learn()
        return masters

    def put_away(self) -> None:
        """Give back what only sampling needs; it is made again when it samples next."""
        for matrix in self.matrices:
            matrix.put_away()
        self._tidy()

    def refresh(self) -> None:
        """The masters have moved: what activations meet follows."""
        for matrix in self.matrices:
            matrix.refresh()
        for vector in self.vectors:
            vector.refresh()
        self._tidy()

    def _tidy(self) -> None:
        """Sampling and learning leave their room to each other, where it is worth the time."""
        if sum(matrix.weight_OI.nbytes for matrix in self.matrices if matrix.learns) >= _WORTH_GIVING_BACK:
            give_back()


def gradient_of(master: nn.Parameter) -> Tensor:
    """A parameter's gradient, zero where there is none yet."""
    if master.grad is None:
        master.grad = torch.zeros_like(master)
    return master.grad


def _add(master: nn.Parameter, part: Tensor) -> None:
    gradient_of(master).add_(part)
