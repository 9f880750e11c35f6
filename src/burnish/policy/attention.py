"""Attention over packed tokens, in place of a Hugging Face model's own.

A forward pass sees one row of N tokens, [1, N], whatever sequences they belong to; who may look at whom is told by an
`Attention` that travels as the keyword `burnish` through the model to the function registered here. So no linear layer
ever sees padding, prefixes are shared by index, and every architecture on transformers' `AttentionInterface` works.

Letters: N packed tokens, H query heads, K key/value heads, G = H / K, D head size, S segments, C queries and T keys of
a padded segment, B tokens remembered from earlier passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface

from burnish.core.errors import InvalidRequest

IMPLEMENTATION = "burnish"


class Attention(Protocol):
    """Who looks at whom in one forward pass."""

    def attend(self, layer: int, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        """What each token gathers in a layer: [N, H, D]."""
        ...


def _forward(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """transformers' attention function: [1, heads, N, D] in, [1, N, H, D] out."""
    attention: Attention | None = options.get("burnish")
    if attention is None or attention_mask is not None:
        raise InvalidRequest("This architecture does not pass our attention through; it cannot be used.", param="model")
    for option in ("sliding_window", "softcap", "s_aux", "position_bias"):
        if options.get(option) is not None:
            raise InvalidRequest(f"Attention with {option} is not supported; choose another base model.", param="model")
    scale = options.get("scaling")
    out_NHD = attention.attend(
        module.layer_idx,
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        query.shape[-1] ** -0.5 if scale is None else scale,
    )
    return out_NHD[None], None


def register() -> None:
    """Make `attn_implementation="burnish"` known to transformers; doing so again changes nothing."""
    AttentionInterface.register(IMPLEMENTATION, _forward)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Segments of similar length, padded to one shape. Their tokens are N's next ones, segment by segment."""

    query_SC: Tensor
    """Index into N of each query; padding repeats some token."""
    key_ST: Tensor
    """Index into the B + N keys of each key, ancestors first; padding repeats some key."""
    mask_SCT: Tensor | None
    """True where a query may look; None where no segment has ancestors, so that each is plainly causal."""
    real: Tensor
    """Flat index into S * C of the queries that are no padding."""


@dataclass(slots=True)
class TreeAttention:
    """Every segment looks at its ancestors and, causally, at itself."""

    buckets: Sequence[Bucket]
    remembered: Sequence[tuple[Tensor, Tensor]] | None = None
    """Per layer, keys and values [B, K, D] from earlier passes, indexed before the packed ones."""
    kept: list[tuple[Tensor, Tensor]] | None = field(default=None)
    """Where a list is given, each layer's keys and values [N, K, D] are appended to it."""

    def attend(self, layer: int, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        """What each token gathers: [N, H, D]."""
        if self.kept is not None:
            self.kept.append((key_NKD, value_NKD))
        if self.remembered is not None:
            key_BKD, value_BKD = self.remembered[layer]
            key_NKD, value_NKD = torch.cat([key_BKD, key_NKD]), torch.cat([value_BKD, value_NKD])
        parts = [self._attend(bucket, query_NHD, key_NKD, value_NKD, scale) for bucket in self.buckets]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _attend(self, bucket: Bucket, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        query_SHCD = query_NHD[bucket.query_SC].transpose(1, 2)
        key_SKTD = key_NKD[bucket.key_ST].transpose(1, 2)
        value_SKTD = value_NKD[bucket.key_ST].transpose(1, 2)
        out_SHCD = F.scaled_dot_product_attention(
            query_SHCD,
            key_SKTD,
            value_SKTD,
            attn_mask=None if bucket.mask_SCT is None else bucket.mask_SCT[:, None],
            is_causal=bucket.mask_SCT is None,
            scale=scale,
            enable_gqa=True,
        )
        return out_SHCD.transpose(1, 2).flatten(0, 1)[bucket.real]
