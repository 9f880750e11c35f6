"""METEOR (Lavie and Agarwal 2007) as NLTK computes it by default.

Our own lines, tested against NLTK: the words are lined up in time linear in their number, whatever the texts.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache

from burnish.grade.porter import stem
from burnish.grade.tokens import tokens
from burnish.grade.tools import Thesaurus

ALPHA = 0.9
"""Weight of recall in the harmonic mean."""
BETA = 3.0
GAMMA = 0.5
"""Most that scattered matches cost."""

_Word = tuple[int, str]
"""A word and its place in its text."""
_Names = Callable[[str], Collection[str]]
"""The reference words that a word of the text may stand for."""


def meteor(reference: str, text: str, thesaurus: Thesaurus | None) -> float:
    """The weighted harmonic mean of precision and recall of matched words, less a penalty for scattered ones, 0..1.

    Words match in lower case if they are equal, else by their stems, else (of the stems, as NLTK has it) by a
    synonym; without a thesaurus not by that.
    """
    wanted, found = tokens(reference.lower()), tokens(text.lower())
    pairs = _aligned(list(enumerate(found)), list(enumerate(wanted)), thesaurus)
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(found), len(pairs) / len(wanted)
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
    return (1 - GAMMA * math.pow(_chunks(pairs) / len(pairs), BETA)) * mean


def _aligned(found: list[_Word], wanted: list[_Word], thesaurus: Thesaurus | None) -> list[tuple[int, int]]:
    """Places of matching words in the text and in the reference, in the text's order."""
    pairs = _match(found, wanted, _itself)
    found, wanted = _stems(found), _stems(wanted)
    pairs += _match(found, wanted, _itself)
    if thesaurus is not None:
        pairs += _match(found, wanted, cache(lambda word: {word, *thesaurus.synonyms(word)}))
    return sorted(pairs)


def _match(found: list[_Word], wanted: list[_Word], names: _Names) -> list[tuple[int, int]]:
    """Pair words from the end, each with the last that is left; takes those that are paired out of both lists."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, word in wanted:
        places[word].append(place)
    pairs: list[tuple[int, int]] = []
    left: list[_Word] = []
    for place, word in reversed(found):
        there = max((places[name] for name in names(word) if places.get(name)), key=_last, default=None)
        if there:
            pairs.append((place, there.pop()))
        else:
            left.append((place, word))
    taken = {there for _, there in pairs}
    found[:] = reversed(left)
    wanted[:] = [word for word in wanted if word[0] not in taken]
    return pairs


def _itself(word: str) -> tuple[str]:
    return (word,)


def _last(places: Sequence[int]) -> int:
    return places[-1]


def _stems(words: Iterable[_Word]) -> list[_Word]:
    once = cache(stem)
    return [(place, once(word)) for place, word in words]


def _chunks(pairs: Sequence[tuple[int, int]]) -> int:
    """How many runs of neighbours in both texts the pairs, in the text's order, fall into."""
    breaks = sum((left[0] + 1, left[1] + 1) != right for left, right in itertools.pairwise(pairs))
    return breaks + 1
