"""Draws tokens: the inverse of the cumulative distribution, in token-id order, at given random numbers.

Letters: R rows, V vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from burnish.core.errors import BurnishError


class Draws(NamedTuple):
    """One token per row."""

    id_R: Tensor
    logp_R: Tensor
    """Natural log of its probability under the distribution that was drawn from."""
    mass_R: Tensor
    """Probability of all allowed tokens before masking, 0..1."""


def draw(logits_RV: Tensor, allowed_RV: Tensor, temperature_R: Tensor, uniform_R: Tensor) -> Draws:
    """Draw from softmax(logits / T) over the allowed tokens; at T = 0 take the likeliest, with its log-prob at T = 1.

    `uniform_R` is fp64 in [0, 1). Sums are fp32, as in the trainer. Raises where a score is not a number.
    """
    greedy_R = temperature_R == 0
    scaled_RV = logits_RV / torch.where(greedy_R, 1.0, temperature_R)[:, None]
    masked_RV = scaled_RV.masked_fill(~allowed_RV, -torch.inf)
    peak_R1 = masked_RV.amax(dim=-1, keepdim=True)
    cumulated_RV = (masked_RV - peak_R1).exp_().cumsum(dim=-1)
    total_R1 = cumulated_RV[:, -1:].contiguous()
    if not bool(total_R1.isfinite().all()):
        raise BurnishError("The model's scores are no numbers any more: its training has diverged.")
    last_R = torch.searchsorted(cumulated_RV, total_R1)[:, 0]
    target_R1 = (uniform_R[:, None] * total_R1).float()
    drawn_R = torch.minimum(torch.searchsorted(cumulated_RV, target_R1, right=True)[:, 0], last_R)
    id_R = torch.where(greedy_R, masked_RV.argmax(dim=-1), drawn_R) if greedy_R.any() else drawn_R
    log_total_R1 = total_R1.log()
    logp_R = (masked_RV.gather(1, id_R[:, None]) - peak_R1 - log_total_R1)[:, 0]
    mass_R = ((peak_R1 + log_total_R1)[:, 0] - scaled_RV.logsumexp(dim=-1)).exp().clamp(max=1.0)
    return Draws(id_R, logp_R, mass_R)
