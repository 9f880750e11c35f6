"""What a model's scores say of one row's next token.

V is the vocabulary's width. Everything is in fp32 or more.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from burnish.policy.vocabulary import Bits


class Odds(NamedTuple):
    """How likely a token was, and which were likeliest: at temperature 1, among those that the constraint allowed."""

    logprob: float
    likeliest: tuple[tuple[int, float], ...] = ()
    """Ids and their log-probs, the likeliest first."""


CERTAIN = Odds(0.0)
"""Of a token that had no alternative, but for itself."""


class Distribution:
    """The scores of the ids that may come next; all others have none."""

    def __init__(self, logits_V: Tensor, allowed_V: Tensor) -> None:
        self._logits_V = logits_V.float().masked_fill(~allowed_V, -torch.inf)

    def nucleus(self, temperature: float, top_p: float) -> Bits:
        """The likeliest ids that together have at least the probability `top_p` (arXiv:1904.09751), 0 <= top_p <= 1.

        The likeliest is always among them. Equal scores are taken in id order.
        """
        share_V, id_V = torch.softmax(self._logits_V / (temperature or 1.0), 0).sort(descending=True, stable=True)
        count = int((share_V.cumsum(0) - share_V < top_p).sum())
        is_kept_V = torch.zeros(-(-len(id_V) // 32) * 32, dtype=torch.bool)
        is_kept_V[id_V[: max(count, 1)]] = True
        packed: Bits = np.packbits(is_kept_V.numpy(), bitorder="little").view(np.int32)
        return packed

    def odds(self, token: int, likeliest: int) -> Odds:
        """Of a token, and of at most so many others."""
        logp_V = torch.log_softmax(self._logits_V, 0)
        best, ids = logp_V.topk(min(likeliest, int(logp_V.isfinite().sum())))
        return Odds(float(logp_V[token]), tuple(zip(ids.tolist(), best.tolist(), strict=True)))
