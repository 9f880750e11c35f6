"""The one path from ids to hidden states and logits: sampler, trainer and reference all take it.

Letters: N packed tokens, X hidden size, P picked places, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor

from burnish.policy.attention import Attention


class Network:
    """A causal LM that was loaded with our attention."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._body = model.base_model
        self._head = model.get_output_embeddings()

    def hidden(self, ids_N: Tensor, position_N: Tensor, attention: Attention) -> Tensor:
        """The last hidden state of every packed token, [N, X]."""
        output = self._body(input_ids=ids_N[None], position_ids=position_N[None], use_cache=False, burnish=attention)
        hidden_NX: Tensor = output.last_hidden_state[0]
        return hidden_NX

    def logits(self, hidden_PX: Tensor) -> Tensor:
        """The scores of every next token in fp32, [P, V], before temperature and mask."""
        logits_PV: Tensor = self._head(hidden_PX)
        return logits_PV.float()


def constrained_logp(logits_PV: Tensor, temperature_P1: Tensor, allowed_PV: Tensor | None) -> Tensor:
    """Log-probs of the distribution that is sampled from: `log_softmax(logits / T + mask)`, [P, V]."""
    scaled_PV = logits_PV if bool((temperature_P1 == 1).all()) else logits_PV / temperature_P1
    if allowed_PV is not None:
        scaled_PV = scaled_PV.masked_fill(~allowed_PV, -torch.inf)
    return torch.log_softmax(scaled_PV, dim=-1)
