"""Attention over packed sequences: by the kernels where they are there, else in plain torch."""

import torch
from torch import Tensor

from burnish.policy.attention import Attention, Bucket, TreeAttention
from burnish.policy.cache import Prompt
from burnish.policy.kernels.kernels import Kernels
from burnish.policy.kernels.native import NativeKernels
from burnish.policy.kernels.tree import LEAST_HEAD, NativeTreeAttention
from burnish.policy.pack import Packed

Kept = list[tuple[Tensor, Tensor]]


def tree_attention(
    packed: Packed, kernels: Kernels, head_size: int, parent: Prompt | None = None, kept: Kept | None = None
) -> Attention:
    """Every segment looks at its ancestors and, causally, at itself; all of them at a parent prompt before.

    Where a list is given as `kept`, each layer's keys and values [N, K, D] are appended to it.
    """
    before = None if parent is None else list(zip(parent.keys, parent.values, strict=True))
    known = 0 if parent is None else len(parent.ids)
    if isinstance(kernels, NativeKernels) and head_size % LEAST_HEAD == 0:
        segments = packed.segments.after(known) if known else packed.segments
        return NativeTreeAttention(kernels, segments, before, kept)
    buckets = [_below(bucket, known) for bucket in packed.buckets] if known else packed.buckets
    return TreeAttention(buckets, before, kept)


def _below(bucket: Bucket, known: int) -> Bucket:
    """The same segments after a beginning of so many remembered tokens, at which all of them look."""
    segments, queries = bucket.query_SC.shape
    before_SE = torch.arange(known).expand(segments, known)
    seen_SCE = torch.ones(segments, queries, known, dtype=torch.bool)
    causal_SCT = torch.ones(queries, queries, dtype=torch.bool).tril().expand(segments, queries, queries)
    return Bucket(
        bucket.query_SC,
        torch.cat([before_SE, bucket.key_ST + known], dim=1),
        torch.cat([seen_SCE, causal_SCT if bucket.mask_SCT is None else bucket.mask_SCT], dim=2),
        bucket.real,
    )
