"""A tuned model as one set of weights: the adapter's share added to the base's, in float32."""

import torch

from burnish.policy.adapter import Adapter
from burnish.policy.load import Base


def merge(base: Base, adapter: Adapter) -> None:
    """Add `scale * B @ A` to every layer that the adapter has (arXiv:2106.09685, section 4.1). The base changes."""
    layers = dict(base.model.named_modules())
    with torch.no_grad():
        for name, factors in adapter.factors.items():
            share_OI = adapter.scale * factors.b_Or @ factors.a_rI
            weight = layers[name].weight
            weight.add_((share_OI.t() if base.routing.is_transposed else share_OI).to(weight.dtype))
