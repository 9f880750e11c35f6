"""Attention over packed sequences that share their beginnings, by the kernels: each segment once, no padding kept.

Letters: N packed tokens, M tokens with keys (remembered ones first), H query heads, K key/value heads, D head size,
S segments.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from burnish.policy.kernels.kernels import sum_dtype
from burnish.policy.kernels.native import NativeKernels

LEAST_HEAD = 16
"""Heads are a multiple of this."""


@dataclass(frozen=True, slots=True)
class Segments:
    """A forest of runs of tokens: each token looks at its segment's ancestors and, causally, at its own segment."""

    first_S: Tensor
    """int32: index of its first token among those with keys."""
    count_S: Tensor
    """int32: its tokens."""
    parent_S: Tensor
    """int32: the segment that it continues, which stands before it; -1: none."""
    remembered: int = 0
    """How many first tokens come from earlier passes: a segment of them has no queries."""

    def after(self, known: int) -> "Segments":
        """The same after so many remembered tokens, which all of them continue."""
        zero_1 = torch.zeros(1, dtype=torch.int32)
        return Segments(
            torch.cat([zero_1, self.first_S + known]),
            torch.cat([zero_1 + known, self.count_S]),
            torch.cat([zero_1 - 1, self.parent_S + 1]),
            known,
        )


@dataclass(slots=True)
class NativeTreeAttention:
    """See `Attention`."""

    kernels: NativeKernels
    segments: Segments
    remembered: list[tuple[Tensor, Tensor]] | None = None
    """Per layer, keys and values of the remembered tokens, [.., K, D]."""
    kept: list[tuple[Tensor, Tensor]] | None = field(default=None)
    """Where a list is given, each layer's keys and values [N, K, D] are appended to it."""

    def attend(self, layer: int, query_NHD: Tensor, key_NKD: Tensor, value_NKD: Tensor, scale: float) -> Tensor:
        """What each token gathers: [N, H, D]."""
        if self.kept is not None:
            self.kept.append((key_NKD, value_NKD))
        if self.remembered is not None:
            before_key, before_value = self.remembered[layer]
            key_NKD, value_NKD = torch.cat([before_key, key_NKD]), torch.cat([before_value, value_NKD])
        out_NHD: Tensor = _Attend.apply(query_NHD, key_NKD, value_NKD, self.kernels, self.segments, scale)  # type: ignore[no-untyped-call] # torch's own
        return out_NHD


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query_NHD: Tensor,
        key_MKD: Tensor,
        value_MKD: Tensor,
        kernels: NativeKernels,
        segments: Segments,
        scale: float,
    ) -> Tensor:
        query_NHD, key_MKD, value_MKD = (part.contiguous() for part in (query_NHD, key_MKD, value_MKD))
        out_NHD = torch.empty_like(query_NHD)
        log_sum_NH = torch.empty(query_NHD.shape[:2], dtype=sum_dtype(query_NHD.dtype))
        kernels.tree_attend[query_NHD.dtype](
            *(part.data_ptr() for part in (query_NHD, key_MKD, value_MKD)),
            *_where(segments),
            out_NHD.data_ptr(),
            log_sum_NH.data_ptr(),
            query_NHD.shape[1],
            *key_MKD.shape[1:],
            scale,
        )
        ctx.save_for_backward(query_NHD, key_MKD, value_MKD, out_NHD, log_sum_NH)
        ctx.rest = (kernels, segments, scale)
        return out_NHD

    @staticmethod
    def backward(ctx: Any, dout_NHD: Tensor) -> tuple[Tensor | None, ...]:
        query_NHD, key_MKD, value_MKD, out_NHD, log_sum_NH = ctx.saved_tensors
        kernels, segments, scale = ctx.rest
        gradients = [torch.empty_like(part) for part in (query_NHD, key_MKD, value_MKD)]
        dout_NHD = dout_NHD.contiguous()
        kernels.tree_attend_backward[query_NHD.dtype](
            *(part.data_ptr() for part in (dout_NHD, query_NHD, key_MKD, value_MKD, out_NHD, log_sum_NH)),
            *_where(segments),
            *(part.data_ptr() for part in gradients),
            query_NHD.shape[1],
            *key_MKD.shape[1:],
            scale,
        )
        return (*gradients, None, None, None)


def _where(segments: Segments) -> tuple[int, ...]:
    parts = (segments.first_S, segments.count_S, segments.parent_S)
    return (*(part.data_ptr() for part in parts), len(segments.first_S), segments.remembered)
