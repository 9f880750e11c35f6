"""Synonyms from WordNet 3 (Princeton), read from its own files as they lie in NLTK's data or in Debian's package.

Our own lines, compared with NLTK's reader on 80,000 words: that one takes thirty times as long to open, wants a file
that Debian does not ship, and refuses directories other than its own.
"""

import zipfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

KINDS = ("noun", "verb", "adj", "adv")
FILES = tuple(name for kind in KINDS for name in (f"index.{kind}", f"data.{kind}", f"{kind}.exc"))

_ENDINGS = {
    "noun": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "verb": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}
"""Morphy's: an ending and what stands in its place in the form that the index has."""


class WordNet:
    """A Thesaurus. Its 28 MB are read when the first synonym is asked for."""

    def __init__(self, place: Path | zipfile.Path) -> None:
        """`place` holds `FILES`."""
        self.place = place

    def synonyms(self, word: str) -> frozenset[str]:
        """The single words of every synset of the word's base forms; empty for a word that WordNet does not have."""
        return frozenset(name for shelf in self._shelves for name in shelf.names(word) if "_" not in name)

    @cached_property
    def _shelves(self) -> "tuple[_Shelf, ...]":
        return tuple(_Shelf(self.place, kind) for kind in KINDS)


def open_wordnet(places: Iterable[Path]) -> WordNet | None:
    """The first of the directories and zip files that holds a WordNet; None where none does."""
    for path in places:
        place = _inside(path)
        if place is not None and all((place / name).is_file() for name in FILES):
            return WordNet(place)
    return None


def _inside(path: Path) -> Path | zipfile.Path | None:
    """Where the files would lie: in the directory, or in the zip's directory `wordnet`."""
    if path.is_dir():
        return path
    return zipfile.Path(path) / "wordnet" if zipfile.is_zipfile(path) else None


class _Shelf:
    """WordNet's files of one part of speech."""

    def __init__(self, place: Path | zipfile.Path, kind: str) -> None:
        lines = [line for line in (place / f"index.{kind}").read_text("utf-8").splitlines() if line[:1] != " "]
        self._index = {lemma: rest for lemma, _, rest in (line.partition(" ") for line in lines)}
        self._data = (place / f"data.{kind}").read_bytes()
        exceptions = (line.split() for line in (place / f"{kind}.exc").read_text("utf-8").splitlines())
        self._exceptions = {form: bases for form, *bases in exceptions}
        self._endings = _ENDINGS[kind]

    def names(self, word: str) -> Iterator[str]:
        """The lemmas of all synsets of the word."""
        for form in self._forms(word):
            entry = self._index[form].split()  # part of speech, synsets, pointers, ...; ends with the synsets' offsets
            for offset in entry[-int(entry[1]) :]:
                yield from self._lemmas(int(offset))

    def _forms(self, word: str) -> list[str]:
        """The word and its base forms, as far as the index has them."""
        bases = self._exceptions.get(word)
        if bases is None:
            bases = [word.removesuffix(ending) + new for ending, new in self._endings if word.endswith(ending)]
        return [form for form in dict.fromkeys([word, *bases]) if form in self._index]

    def _lemmas(self, offset: int) -> Iterator[str]:
        """Of a line like `00001740 29 v 02 breathe 0 take_a_breath 0 ...`; the 4th field is hexadecimal."""
        line = self._data[offset : self._data.index(b"\n", offset)].decode("utf-8")
        fields = line.split(" ", 4)
        for name in fields[4].split(" ")[: 2 * int(fields[3], 16) : 2]:
            yield name.partition("(")[0]  # an adjective may carry its place: "awake(p)"
