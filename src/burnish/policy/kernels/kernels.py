"""What a decoder does beside its matrix products, as a role with two implementations: `plain.py` in torch, for every
machine, and `native.py`, compiled from `source/` where there is a C++ compiler.

Activations are fp64, fp32 or bf16; sums, norms' weights and the residual stream are fp64 for fp64 and fp32 for both
others (`sum_dtype`).

Letters: N packed tokens, X hidden size, H query heads, K key/value heads, D head size, I width of the gated layer,
R rows, P picked tokens, V vocabulary, W = ceil(V / 32) words of a set of ids, U distinct sets.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Draws(NamedTuple):
    """One token per row."""

    id_R: Tensor
    logp_R: Tensor
    """Natural log of its probability under the distribution that was drawn from."""
    mass_R: Tensor
    """Probability of all allowed tokens before masking, 0..1."""


class Scores(NamedTuple):
    """Of picked tokens, under softmax(logits / T) over their allowed ids."""

    log_sum_P: Tensor
    """The log of the distribution's normaliser."""
    logp_P: Tensor
    """Of the target."""
    entropy_P: Tensor
    """In nats."""


class Normed(NamedTuple):
    """A residual stream after something was added, and its norm."""

    sum_NX: Tensor
    """The stream itself; nothing was added: the same tensor as before."""
    h_NX: Tensor
    """sum / rms(sum) * weight, in the type of activations."""
    inverse_N: Tensor
    """1 / rms(sum)."""


class Turned(NamedTuple):
    """A layer's queries, keys and values."""

    query_NHD: Tensor
    key_NKD: Tensor
    value_NKD: Tensor


@dataclass(frozen=True, slots=True)
class Heads:
    """How a layer's qkv is read: head by head, normed where the model does so, then rotated by position."""

    query: int
    """H."""
    key: int
    """K."""
    query_norm_D: Tensor | None
    key_norm_D: Tensor | None
    epsilon: float
    cosine_TD: Tensor
    """Per position, half a head wide."""
    sine_TD: Tensor


@dataclass(frozen=True, slots=True)
class Choices:
    """The ids that may stand at each picked token."""

    set_UW: Tensor
    """int32 bits, 32 ids to a word, lowest first."""
    choice_P: Tensor
    """int32 index of each token's set; -1: any id."""


class Panels(Protocol):
    """A matrix and its bias, laid out for products, above all with few rows."""

    def product(self, x_NI: Tensor, out_NO: Tensor | None = None) -> Tensor:
        """x through it: [N, O]; where it is given, into whole rows of another tensor."""
        ...


def sum_dtype(dtype: torch.dtype) -> torch.dtype:
    """The type of sums and of the residual stream beside activations of this type."""
    return torch.float64 if dtype == torch.float64 else torch.float32


class Kernels(Protocol):
    """Everything but the large products."""

    @property
    def name(self) -> str:
        """What of the fingerprint hangs on it."""
        ...

    def panels(self, weight_OI: Tensor, bias_O: Tensor | None) -> Panels:
        """Lay out a copy of a matrix, or of one that is another's transposed."""
        ...

    def has_panels_for_all(self, weight_OI: Tensor) -> bool:
        """Whether a matrix's panels are the fastest product whatever the number of rows."""
        ...

    def add_outer(self, dout_NO: Tensor, x_NI: Tensor, gradient_OI: Tensor) -> None:
        """Add dout^T x, a weight's gradient, in the type of sums and in place; dout may be columns of more."""
        ...

    def add_norm(
        self, x_NX: Tensor, y_NX: Tensor | None, weight_X: Tensor, epsilon: float, dtype: torch.dtype
    ) -> Normed:
        """x + y and its norm; x stays as it is."""
        ...

    def add_norm_backward(
        self, dh_NX: Tensor, x_NX: Tensor, weight_X: Tensor, inverse_N: Tensor, dx_NX: Tensor, dw_X: Tensor | None
    ) -> Tensor:
        """Add the gradient at x to `dx_NX` and, where given, that of the weight to `dw_X`, both in place.

        `dx_NX` in the type of `dh_NX`: itself where that is its own.
        """
        ...

    def turn(self, qkv_NO: Tensor, position_N: Tensor, heads: Heads) -> Turned:
        """Split, norm and rotate."""
        ...

    def turn_backward(
        self,
        gradient: Turned,
        qkv_NO: Tensor,
        position_N: Tensor,
        heads: Heads,
        dw_D: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        """The gradient at qkv, [N, (H + 2K) D]; those of the two norms' weights are added in place where given."""
        ...

    def gate(self, both_NI: Tensor) -> Tensor:
        """silu(first half) * second half: [N, 2I] to [N, I]."""
        ...

    def gate_backward(self, dout_NI: Tensor, both_NI: Tensor) -> None:
        """In place: both halves become their gradient, and the output's gradient the output itself."""
        ...

    def draw(self, logits_RV: Tensor, choices: Choices, temperature_R: Tensor, uniform_R: Tensor) -> Draws:
        """Draw from softmax(logits / T) over the allowed ids: the inverse of the cumulative distribution, in id order.

        At T = 0 the likeliest, with its log-prob at T = 1. `uniform_R` is fp64 in [0, 1).
        """
        ...

    def score(self, logits_PV: Tensor, choices: Choices, temperature_P: Tensor, target_P: Tensor) -> Scores:
        """Log-probs of given ids."""
        ...

    def score_backward(
        self,
        logits_PV: Tensor,
        choices: Choices,
        temperature_P: Tensor,
        target_P: Tensor,
        scores: Scores,
        slope_P: Tensor,
    ) -> Tensor:
        """The gradient at the logits, which it may overwrite; `slope_P` is the loss's by each target's log-prob."""
        ...
