"""The objective, token by token.

Letters: P tokens with a gradient, V vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Clipped(NamedTuple):
    """PPO's objective."""

    loss_P: Tensor
    is_clipped_P: Tensor
    """Where the clip is in force, so that the token has no gradient."""


def clipped_policy_gradient(
    logp_P: Tensor, old_logp_P: Tensor, advantage_P: Tensor, clip_low: float, clip_high: float
) -> Clipped:
    """PPO's clipped objective (arXiv:1707.06347, eq. 7), negated; the bounds may differ (DAPO, arXiv:2503.14476)."""
    ratio_P = (logp_P - old_logp_P).exp()
    free_P = ratio_P * advantage_P
    bound_P = ratio_P.clamp(1 - clip_low, 1 + clip_high) * advantage_P
    return Clipped(-torch.minimum(free_P, bound_P), bound_P < free_P)


def reverse_kl(logp_P: Tensor, ref_logp_P: Tensor) -> Tensor:
    """k2 = (log pi - log ref)^2 / 2 (Schulman 2020, "Approximating KL divergence").

    On samples of the policy itself its gradient is that of KL(policy || reference), which k3's is not
    (arXiv:2506.09477): so this is optimised and k3 reported.
    """
    return 0.5 * (logp_P - ref_logp_P).square()


def kl_estimate(logp_P: Tensor, ref_logp_P: Tensor) -> Tensor:
    """k3 = r - 1 - log r with r = ref / pi (Schulman 2020): unbiased for KL(policy || reference), never negative."""
    gap_P = ref_logp_P - logp_P
    return gap_P.exp() - 1 - gap_P


def entropy(logp_PV: Tensor) -> Tensor:
    """Exact entropy (Shannon 1948) in nats of normalised log-probs; -inf marks what cannot be drawn, [P]."""
    return -(logp_PV.exp() * logp_PV.clamp(min=torch.finfo(logp_PV.dtype).min)).sum(dim=-1)
