"""Packs sequences into one row of tokens in which a shared beginning stands once.

The sequences form a trie over token ids. A branch is taken only where it saves enough tokens to pay for a further
padded attention call: in practice a group's prompt is shared, a few equal first words of its answers are not.

Letters: N packed tokens; S segments, C queries and T keys of a padded segment.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from burnish.policy.attention import Bucket
from burnish.policy.kernels.tree import Segments

WORTH_SHARING = 24
"""Fewest tokens a branch must save: (members - 1) times its length."""
PADDING = 1.3
"""A bucket's longest segment over its shortest."""


@dataclass(slots=True)
class _Segment:
    """A run of tokens that one or more sequences have in common."""

    ids: Sequence[int]
    start: int
    """Its first token's position."""
    parent: "_Segment | None"
    first: int = -1
    """Index into N of its first token."""
    members: list[int] = field(default_factory=list)
    """The sequences that end in this segment."""

    def chain(self) -> "list[_Segment]":
        """From the root to this segment."""
        above = [] if self.parent is None else self.parent.chain()
        return [*above, self]

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else 1 + self.parent.depth


@dataclass(frozen=True, slots=True)
class Packed:
    """Sequences in one row."""

    ids_N: Tensor
    position_N: Tensor
    parts: tuple[_Segment, ...]
    places: tuple[Tensor, ...]
    """Per sequence, the index into N of each of its tokens."""

    @property
    def buckets(self) -> list[Bucket]:
        """For attention in plain torch."""
        return [_bucket(part) for part in _alike(self.parts)]

    @property
    def segments(self) -> Segments:
        """For attention by kernels."""
        number = {id(part): index for index, part in enumerate(self.parts)}
        parents = [-1 if part.parent is None else number[id(part.parent)] for part in self.parts]
        first_S, count_S, parent_S = torch.tensor(
            [[part.first for part in self.parts], [len(part.ids) for part in self.parts], parents], dtype=torch.int32
        )
        return Segments(first_S, count_S, parent_S)


def pack(sequences: "Sequence[array[int]]") -> Packed:
    """Lay the sequences out; the result depends on their contents and order only."""
    order = sorted(range(len(sequences)), key=lambda index: (sequences[index].tolist(), index))
    segments: list[_Segment] = []
    _branch(sequences, order, 0, None, segments)
    segments.sort(key=lambda segment: (segment.depth, len(segment.ids), segment.members or [-1]))
    first = 0
    for segment in segments:
        segment.first = first
        first += len(segment.ids)
    place: dict[int, Tensor] = {}
    for segment in segments:
        for member in segment.members:
            place[member] = torch.cat([_span(part) for part in segment.chain()])
    return Packed(
        ids_N=torch.tensor([token for segment in segments for token in segment.ids]),
        position_N=torch.tensor([segment.start + offset for segment in segments for offset in range(len(segment.ids))]),
        parts=tuple(segments),
        places=tuple(place[index] for index in range(len(sequences))),
    )


def common_length(left: Sequence[int], right: Sequence[int]) -> int:
    """How many first tokens two sequences share."""
    agreed, most = 0, min(len(left), len(right))
    while agreed < most:
        middle = (agreed + most + 1) // 2
        if left[agreed:middle] == right[agreed:middle]:
            agreed = middle
        else:
            most = middle - 1
    return agreed


def _branch(
    sequences: "Sequence[array[int]]",
    order: Sequence[int],
    start: int,
    parent: _Segment | None,
    segments: list[_Segment],
) -> None:
    """Put the sorted sequences, which agree before `start`, below the parent."""
    rest = list(order)
    while rest:
        run, saved = _best_run(sequences, rest, start)
        head, rest = rest[:run], rest[run:]
        if saved < WORTH_SHARING:
            segments.extend(_Segment(sequences[index][start:], start, parent, members=[index]) for index in head)
            continue
        end = common_length(sequences[head[0]], sequences[head[-1]])
        segment = _Segment(sequences[head[0]][start:end], start, parent)
        segments.append(segment)
        segment.members = [index for index in head if len(sequences[index]) == end]
        _branch(sequences, [index for index in head if len(sequences[index]) > end], end, segment, segments)


def _best_run(sequences: "Sequence[array[int]]", order: Sequence[int], start: int) -> tuple[int, int]:
    """How many of the first sequences to put under one segment, and how many tokens that saves."""
    best, saved = 1, 0
    common = len(sequences[order[0]])
    for count in range(2, len(order) + 1):
        common = min(common, common_length(sequences[order[count - 2]], sequences[order[count - 1]]))
        if common <= start:
            break
        if (gain := (count - 1) * (common - start)) >= saved:
            best, saved = count, gain
    return best, saved


def _span(segment: _Segment) -> Tensor:
    return torch.arange(segment.first, segment.first + len(segment.ids))


def _alike(segments: Sequence[_Segment]) -> list[list[_Segment]]:
    """Neighbours of one depth and similar length together."""
    groups: list[list[_Segment]] = []
    for segment in segments:
        group = groups[-1] if groups else None
        if (
            group is not None
            and group[0].depth == segment.depth
            and len(segment.ids) <= max(len(group[0].ids) * PADDING, len(group[0].ids) + 8)
        ):
            group.append(segment)
        else:
            groups.append([segment])
    return groups


def _bucket(segments: Sequence[_Segment]) -> Bucket:
    keys = [torch.cat([_span(part) for part in segment.chain()]) for segment in segments]
    return padded([_span(segment) for segment in segments], keys)


def padded(query_index: Sequence[Tensor], key_index: Sequence[Tensor]) -> Bucket:
    """A bucket of segments whose last keys are their own queries' tokens, in order."""
    count = torch.tensor([len(index) for index in query_index])
    total = torch.tensor([len(index) for index in key_index])
    queries, keys = int(count.max()), int(total.max())
    query_SC = torch.nn.utils.rnn.pad_sequence(list(query_index), batch_first=True)
    key_ST = torch.nn.utils.rnn.pad_sequence(list(key_index), batch_first=True)
    place_C = torch.arange(queries)
    real = (place_C < count[:, None]).flatten().nonzero()[:, 0]
    if torch.equal(count, total):
        return Bucket(query_SC, key_ST, None, real)
    limit_SC = (total - count)[:, None] + place_C
    mask_SCT = torch.arange(keys) <= torch.minimum(limit_SC, total[:, None] - 1)[..., None]
    return Bucket(query_SC, key_ST, mask_SCT, real)
