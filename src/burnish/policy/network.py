"""The one path from ids to hidden states and logits: sampler, trainer and reference all take it.

Letters: N packed tokens, X hidden size, P picked places, V vocabulary.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from burnish.policy.adapter import Routing
from burnish.policy.attention import Attention
from burnish.policy.kernels.kernels import Kernels, sum_dtype


class Network(Protocol):
    """A causal LM. The adapters in force are those of its model's `Routing`."""

    model: Any
    """The Hugging Face model whose tensors it runs on."""
    kernels: Kernels
    dtype: torch.dtype
    """Of activations."""
    head_size: int
    """D: of an attention head."""

    def hidden(self, ids_N: Tensor, position_N: Tensor, attention: Attention) -> Tensor:
        """The last hidden state of every packed token, [N, X]; with gradient where torch's grad mode is on."""
        ...

    def logits(self, hidden_PX: Tensor) -> Tensor:
        """The scores of every next token, [P, V], before temperature and mask; without gradient."""
        ...

    def logits_backward(self, dlogits_PV: Tensor, hidden_PX: Tensor) -> Tensor:
        """The gradient at the hidden states; that of the head's weights is added where they learn."""
        ...

    def learn(self) -> dict[str, nn.Parameter]:
        """Let all weights learn: by name, what the optimizer moves. `refresh` after each move."""
        ...

    def put_away(self) -> None:
        """Give back memory that only sampling needs: a learning pass is about to begin."""
        ...

    def refresh(self) -> None:
        """The learning weights have moved."""
        ...


class HookedNetwork:
    """Any causal LM that was loaded with our attention, run by transformers' own code; adapters hang on by hooks."""

    def __init__(self, model: Any, routing: Routing, kernels: Kernels) -> None:
        self.model = model
        self.kernels = kernels
        self.dtype = torch.float32
        self.head_size = head_size(model.config.get_text_config())
        self._body = model.base_model
        self._head = model.get_output_embeddings()
        routing.hook(model)

    def hidden(self, ids_N: Tensor, position_N: Tensor, attention: Attention) -> Tensor:
        """Through the whole body."""
        output = self._body(input_ids=ids_N[None], position_ids=position_N[None], use_cache=False, burnish=attention)
        hidden_NX: Tensor = output.last_hidden_state[0]
        return hidden_NX

    @torch.no_grad()
    def logits(self, hidden_PX: Tensor) -> Tensor:
        """Through the head."""
        logits_PV: Tensor = self._head(hidden_PX)
        return logits_PV

    def logits_backward(self, dlogits_PV: Tensor, hidden_PX: Tensor) -> Tensor:
        """Back through the head."""
        with torch.enable_grad():
            leaf_PX = hidden_PX.detach().requires_grad_()
            self._head(leaf_PX).backward(dlogits_PV)
        assert leaf_PX.grad is not None
        return leaf_PX.grad

    def learn(self) -> dict[str, nn.Parameter]:
        """The parameters themselves."""
        self.model.requires_grad_(True)
        return dict(self.model.named_parameters())

    def put_away(self) -> None:
        """There is nothing."""

    def refresh(self) -> None:
        """Nothing is kept beside them."""


def head_size(config: Any) -> int:
    """D: of an attention head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def kept_bytes(config: Any, dtype: torch.dtype) -> int:
    """About what a token leaves in memory for its way back through one layer.

    Twice the residual stream, in the type of sums; queries, keys and values before and after their rotation, what
    attention gathered, and gate and up, in that of activations.
    """
    size, keys = head_size(config), getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    gathered = config.num_attention_heads * size
    gated: int = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    narrow = 2 * (gathered + 2 * keys * size) + gathered + 2 * gated
    return int(2 * config.hidden_size * sum_dtype(dtype).itemsize + narrow * dtype.itemsize)
