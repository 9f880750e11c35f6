"""Computes prompts: each distinct one once, long common beginnings once for all that have them.

Letters: N packed tokens, E tokens of a shared beginning, K key/value heads, D head size, X hidden size.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from burnish.policy.adapter import Adapter, Route
from burnish.policy.cache import BEGINNING, Prompt, Prompts
from burnish.policy.load import Base
from burnish.policy.pack import common_length, pack
from burnish.policy.tree import tree_attention

PASS_TOKENS = 8192
"""About the most tokens of one forward pass."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt to be computed."""

    owner: str
    """Names the weights: adapter and version."""
    adapter: Adapter | None
    ids: "array[int]"


class Prefill:
    """Turns prompts into keys, values and the hidden state that the first token is drawn from."""

    def __init__(self, base: Base, prompts: Prompts, *, alone: bool = False) -> None:
        """`alone`: each prompt is computed whole and by itself, so that its bits hang on nothing else."""
        self._base = base
        self._prompts = prompts
        self._alone = alone

    def compute(self, wanted: Sequence[Wanted]) -> tuple[list[Prompt], list[int]]:
        """Each wanted prompt, and how many of its tokens had been there before this call."""
        found: dict[tuple[str, bytes], tuple[Prompt, int]] = {}
        missing: dict[tuple[str, bytes], Wanted] = {}
        names = [(wish.owner, wish.ids.tobytes()) for wish in wanted]
        for name, wish in zip(names, wanted, strict=True):
            if name in found or name in missing:
                continue
            whole = self._prompts.whole(wish.owner, wish.ids)
            if whole is None:
                missing[name] = wish
            else:
                found[name] = (whole, len(wish.ids))
        for (parent, known), group in self._grouped(list(missing.values())):
            for part in _portions(group, 0 if parent is None else len(parent.ids), PASS_TOKENS):
                for prompt in self._tails(parent, part):
                    found[prompt.owner, prompt.ids.tobytes()] = (prompt, known)
        return [found[name][0] for name in names], [found[name][1] for name in names]

    def _grouped(self, wanted: list[Wanted]) -> list[tuple[tuple[Prompt | None, int], list[Wanted]]]:
        """The wanted prompts by the beginning that they share; with it, how much of it was known before."""
        if self._alone:
            return [((None, 0), [wish]) for wish in wanted]
        groups: dict[tuple[int, str], tuple[tuple[Prompt | None, int], list[Wanted]]] = {}
        rest: list[Wanted] = []
        for wish in wanted:
            parent = self._prompts.beginning(wish.owner, wish.ids)
            if parent is None:
                rest.append(wish)
            else:
                groups.setdefault((id(parent), wish.owner), ((parent, len(parent.ids)), []))[1].append(wish)
        result = list(groups.values())
        for cluster in _clusters(rest):
            parent = None
            if len(cluster) > 1 and (length := _shared_length(cluster)) >= BEGINNING:
                first = cluster[0]
                begin = Wanted(first.owner, first.adapter, first.ids[:length])
                parent = self._tails(None, [begin], whole=False)[0]
            result.append(((parent, 0), cluster))
        return result

    def _tails(self, parent: Prompt | None, wanted: Sequence[Wanted], whole: bool = True) -> list[Prompt]:
        """Compute what follows the parent; all wanted have one owner. `whole`: they will be continued."""
        known = 0 if parent is None else len(parent.ids)
        packed = pack([wish.ids[known:] for wish in wanted])
        kept: list[tuple[Tensor, Tensor]] = []
        attention = tree_attention(packed, self._base.network.kernels, self._base.network.head_size, parent, kept)
        adapter = wanted[0].adapter
        with self._base.routing.through([] if adapter is None else [Route(adapter, None)]):
            hidden_NX = self._base.network.hidden(packed.ids_N, packed.position_N + known, attention)
        prompts: list[Prompt] = []
        for wish, place in zip(wanted, packed.places, strict=True):
            keys = [key_NKD[place] for key_NKD, _ in kept]
            values = [value_NKD[place] for _, value_NKD in kept]
            hidden_X = hidden_NX[place[-1]].clone() if whole else None
            prompts.append(Prompt(wish.owner, wish.ids, parent, keys, values, hidden_X))
            self._prompts.keep(prompts[-1])
        return prompts


def _clusters(wanted: Iterable[Wanted]) -> list[list[Wanted]]:
    """Prompts of one owner; apart from them, those with a long beginning in common."""
    ordered = sorted(wanted, key=lambda wish: (wish.owner, wish.ids.tolist()))
    long: list[list[Wanted]] = []
    short: dict[str, list[Wanted]] = {}
    for wish in ordered:
        last = long[-1] if long else None
        if last is not None and last[0].owner == wish.owner and _shared_length([last[0], wish]) >= BEGINNING:
            last.append(wish)
        else:
            long.append([wish])
    alone = [cluster[0] for cluster in long if len(cluster) == 1]
    for wish in alone:
        short.setdefault(wish.owner, []).append(wish)
    return [cluster for cluster in long if len(cluster) > 1] + list(short.values())


def _shared_length(wanted: Sequence[Wanted]) -> int:
    """Tokens that sorted prompts begin with alike, short of the last of any of them."""
    shortest = min(len(wish.ids) for wish in wanted)
    return min(common_length(wanted[0].ids, wanted[-1].ids), shortest - 1)


def _portions(wanted: Sequence[Wanted], known: int, most: int) -> list[list[Wanted]]:
    """Cut into forward passes of a bounded number of tokens."""
    portions: list[list[Wanted]] = []
    tokens = most
    for wish in wanted:
        tokens += len(wish.ids) - known
        if tokens > most:
            portions.append([])
            tokens = len(wish.ids) - known
        portions[-1].append(wish)
    return portions
