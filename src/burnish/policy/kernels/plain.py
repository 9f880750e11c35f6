"""The kernels in plain torch: for machines without a C++ compiler, and the reference for those with one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.policy.kernels.kernels import Choices, Draws, Heads, Normed, Panels, Scores, Turned, sum_dtype
from burnish.policy.kernels.panels import LibraryPanels


class PlainKernels:
    """See `Kernels`. Letters as there."""

    name = "plain kernels"

    def panels(self, weight_OI: Tensor, bias_O: Tensor | None) -> Panels:
        """oneDNN's."""
        return LibraryPanels(weight_OI, bias_O)

    def has_panels_for_all(self, weight_OI: Tensor) -> bool:
        """They are for few rows."""
        return False

    def add_outer(self, dout_NO: Tensor, x_NI: Tensor, gradient_OI: Tensor) -> None:
        """oneDNN's product, rounded to the activations' type before it is added."""
        gradient_OI += dout_NO.t() @ x_NI

    def add_norm(
        self, x_NX: Tensor, y_NX: Tensor | None, weight_X: Tensor, epsilon: float, dtype: torch.dtype
    ) -> Normed:
        """RMSNorm (arXiv:1910.07467)."""
        sum_NX = x_NX if y_NX is None else x_NX + y_NX
        inverse_N = (sum_NX.square().mean(dim=1) + epsilon).rsqrt()
        return Normed(sum_NX, (sum_NX * inverse_N[:, None] * weight_X).to(dtype), inverse_N)

    def add_norm_backward(
        self, dh_NX: Tensor, x_NX: Tensor, weight_X: Tensor, inverse_N: Tensor, dx_NX: Tensor, dw_X: Tensor | None
    ) -> Tensor:
        """RMSNorm's gradient."""
        _norm_backward(dh_NX.to(x_NX.dtype), x_NX, weight_X, inverse_N[:, None], dx_NX, dw_X)
        return dx_NX.to(dh_NX.dtype)

    def turn(self, qkv_NO: Tensor, position_N: Tensor, heads: Heads) -> Turned:
        """Split, norm and rotate."""
        query_NHD, key_NKD, value_NKD = _split(qkv_NO, heads)
        cosine_N1D, sine_N1D = heads.cosine_TD[position_N][:, None], heads.sine_TD[position_N][:, None]

        def turned(x_NAD: Tensor, weight_D: Tensor | None) -> Tensor:
            wide_NAD = x_NAD.to(cosine_N1D.dtype)
            if weight_D is not None:
                wide_NAD = wide_NAD * (wide_NAD.square().mean(-1, keepdim=True) + heads.epsilon).rsqrt() * weight_D
            return _rotated(wide_NAD, cosine_N1D, sine_N1D).to(x_NAD.dtype)

        return Turned(turned(query_NHD, heads.query_norm_D), turned(key_NKD, heads.key_norm_D), value_NKD.contiguous())

    def turn_backward(
        self,
        gradient: Turned,
        qkv_NO: Tensor,
        position_N: Tensor,
        heads: Heads,
        dw_D: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        """Rotate back, then the norm's gradient."""
        query_NHD, key_NKD, _ = _split(qkv_NO, heads)
        cosine_N1D, sine_N1D = heads.cosine_TD[position_N][:, None], heads.sine_TD[position_N][:, None]

        def back(dy_NAD: Tensor, x_NAD: Tensor, weight_D: Tensor | None, dw_D: Tensor | None) -> Tensor:
            wide_NAD = _rotated(dy_NAD.to(cosine_N1D.dtype), cosine_N1D, -sine_N1D)
            if weight_D is None:
                return wide_NAD.to(x_NAD.dtype)
            x_NAD = x_NAD.to(wide_NAD.dtype)
            inverse_NA1 = (x_NAD.square().mean(-1, keepdim=True) + heads.epsilon).rsqrt()
            dx_NAD = torch.zeros_like(wide_NAD)
            _norm_backward(wide_NAD, x_NAD, weight_D, inverse_NA1, dx_NAD, dw_D)
            return dx_NAD.to(dy_NAD.dtype)

        dq_NHD = back(gradient.query_NHD, query_NHD, heads.query_norm_D, dw_D and dw_D[0])
        dk_NKD = back(gradient.key_NKD, key_NKD, heads.key_norm_D, dw_D and dw_D[1])
        return torch.cat([dq_NHD, dk_NKD, gradient.value_NKD], dim=1).flatten(1)

    def gate(self, both_NI: Tensor) -> Tensor:
        """SwiGLU (arXiv:2002.05202)."""
        gate_NI, up_NI = both_NI.to(sum_dtype(both_NI.dtype)).chunk(2, dim=1)
        return (F.silu(gate_NI) * up_NI).to(both_NI.dtype)

    def gate_backward(self, dout_NI: Tensor, both_NI: Tensor) -> None:
        """SwiGLU's gradient, and its output."""
        wide = sum_dtype(both_NI.dtype)
        gate_NI, up_NI = both_NI.to(wide).chunk(2, dim=1)
        share_NI, slope_NI = gate_NI.sigmoid(), dout_NI.to(wide)
        dgate_NI = slope_NI * up_NI * share_NI * (1 + gate_NI * (1 - share_NI))
        dboth_NI = torch.cat([dgate_NI, slope_NI * gate_NI * share_NI], dim=1)
        dout_NI.copy_(gate_NI * share_NI * up_NI)
        both_NI.copy_(dboth_NI)

    def draw(self, logits_RV: Tensor, choices: Choices, temperature_R: Tensor, uniform_R: Tensor) -> Draws:
        """Sums in fp32, as in the trainer; an id of -1 where a score is not a number."""
        greedy_R = temperature_R == 0
        scaled_RV = logits_RV.to(sum_dtype(logits_RV.dtype)) / torch.where(greedy_R, 1.0, temperature_R)[:, None]
        masked_RV = _masked(scaled_RV, choices)
        peak_R1 = masked_RV.amax(dim=-1, keepdim=True)
        cumulated_RV = (masked_RV - peak_R1).exp_().cumsum(dim=-1)
        total_R1 = cumulated_RV[:, -1:].contiguous()
        last_R = torch.searchsorted(cumulated_RV, total_R1)[:, 0].clamp(max=scaled_RV.shape[1] - 1)
        target_R1 = (uniform_R[:, None] * total_R1).to(cumulated_RV.dtype)
        drawn_R = torch.minimum(torch.searchsorted(cumulated_RV, target_R1, right=True)[:, 0], last_R)
        id_R = torch.where(greedy_R, masked_RV.argmax(dim=-1), drawn_R) if greedy_R.any() else drawn_R
        log_total_R1 = total_R1.log()
        logp_R = (masked_RV.gather(1, id_R[:, None]) - peak_R1 - log_total_R1)[:, 0]
        mass_R = ((peak_R1 + log_total_R1)[:, 0] - scaled_RV.logsumexp(dim=-1)).exp().clamp(max=1.0)
        return Draws(torch.where(logp_R.isfinite(), id_R, -1), logp_R, mass_R)

    def score(self, logits_PV: Tensor, choices: Choices, temperature_P: Tensor, target_P: Tensor) -> Scores:
        """Log-probs of given ids."""
        scaled_PV = _scaled(logits_PV, choices, temperature_P)
        log_sum_P = scaled_PV.logsumexp(dim=1)
        logp_PV = scaled_PV - log_sum_P[:, None]
        entropy_P = -(logp_PV.exp() * logp_PV.clamp(min=torch.finfo(logp_PV.dtype).min)).sum(dim=1)
        return Scores(log_sum_P, logp_PV.gather(1, target_P[:, None])[:, 0], entropy_P)

    def score_backward(
        self,
        logits_PV: Tensor,
        choices: Choices,
        temperature_P: Tensor,
        target_P: Tensor,
        scores: Scores,
        slope_P: Tensor,
    ) -> Tensor:
        """(target - softmax) * slope / T."""
        scaled_PV = _scaled(logits_PV, choices, temperature_P)
        by_P1 = (slope_P / temperature_P)[:, None]
        gradient_PV = -(scaled_PV - scores.log_sum_P[:, None]).exp() * by_P1
        return gradient_PV.scatter_add(1, target_P[:, None], by_P1).to(logits_PV.dtype)


def flags(set_RW: Tensor, size: int) -> Tensor:
    """Sets of ids as a bool tensor [R, V]."""
    bit_32 = torch.arange(32, dtype=torch.int32)
    return ((set_RW[:, :, None] >> bit_32) & 1).bool().flatten(1)[:, :size]


def _scaled(logits_PV: Tensor, choices: Choices, temperature_P: Tensor) -> Tensor:
    return _masked(logits_PV.to(sum_dtype(logits_PV.dtype)) / temperature_P[:, None], choices)


def _masked(scaled_PV: Tensor, choices: Choices) -> Tensor:
    bound_P = choices.choice_P >= 0
    if not bool(bound_P.any()):
        return scaled_PV
    allowed_PV = flags(choices.set_UW, scaled_PV.shape[1])[choices.choice_P.clamp(min=0).long()]
    return scaled_PV.masked_fill(~(allowed_PV | ~bound_P[:, None]), -torch.inf)


def _split(qkv_NO: Tensor, heads: Heads) -> tuple[Tensor, ...]:
    size = 2 * heads.cosine_TD.shape[1]
    return torch.split(qkv_NO.view(len(qkv_NO), -1, size), [heads.query, heads.key, heads.key], dim=1)


def _rotated(x_NAD: Tensor, cosine_N1D: Tensor, sine_N1D: Tensor) -> Tensor:
    """Rotary positions (arXiv:2104.09864), a head's halves being the pairs."""
    left_NAD, right_NAD = x_NAD.chunk(2, dim=-1)
    return torch.cat(
        [left_NAD * cosine_N1D - right_NAD * sine_N1D, right_NAD * cosine_N1D + left_NAD * sine_N1D], dim=-1
    )


def _norm_backward(
    dh_NX: Tensor, x_NX: Tensor, weight_X: Tensor, inverse_N1: Tensor, dx_NX: Tensor, dw_X: Tensor | None
) -> None:
    weighed_NX = dh_NX * weight_X
    dot_N1 = (weighed_NX * x_NX).mean(dim=-1, keepdim=True)
    dx_NX += weighed_NX * inverse_N1 - x_NX * (dot_N1 * inverse_N1**3)
    if dw_X is not None:
        dw_X += (dh_NX * x_NX * inverse_N1).reshape(-1, len(dw_X)).sum(dim=0)
