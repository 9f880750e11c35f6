"""Porter's stemmer (1980) with the changes that NLTK makes to it by default, for METEOR's stems are NLTK's.

Our own lines, tested against NLTK: its import takes as long as half of the server's start.
"""

from collections.abc import Iterable, Sequence

_IRREGULAR = {
    "skies": "sky",
    "sky": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
_Rules = Sequence[tuple[str, str]]

_STEP_1A = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
_STEP_2 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)
_STEP_3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4 = (
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ion", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
)


def stem(word: str) -> str:
    """The stem of a word in lower case."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _without_y(_without_past(_without_plural(word)))
    word = _replaced(_derived(word), _STEP_3, least=1)
    word = _replaced(word, _STEP_4, least=2)
    return _tidied(word)


def _without_plural(word: str) -> str:
    """Step 1a; ties -> tie, but flies -> fli."""
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    return _replaced(word, _STEP_1A, least=0)


def _without_past(word: str) -> str:
    """Step 1b; died -> die, but spied -> spi."""
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix) and not all(_consonants(word.removesuffix(suffix))):
            return _mended(word.removesuffix(suffix))
    return word


def _mended(word: str) -> str:
    """What is left of a verb without its -ed or -ing, as its other forms are written."""
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if _ends_in_double(word):
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _without_y(word: str) -> str:
    """Step 1c: y after a consonant is i, but not in words like "by"."""
    is_after_consonant = len(word) > 2 and word.endswith("y") and _consonants(word[:-1])[-1]
    return word[:-1] + "i" if is_after_consonant else word


def _derived(word: str) -> str:
    """Step 2."""
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _derived(word[:-2])
    if word.endswith("logi") and not word.endswith(tuple(suffix for suffix, _ in _STEP_2)):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _replaced(word, _STEP_2, least=1)


def _tidied(word: str) -> str:
    """Steps 5a and 5b: a last e and a doubled l."""
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_short(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _replaced(word: str, rules: _Rules, *, least: int) -> str:
    """By the first rule whose suffix the word has; as it is where what stays has a measure under `least`."""
    for suffix, replacement in rules:
        if word.endswith(suffix):
            kept = word.removesuffix(suffix)
            may = _measure(kept) >= least and (suffix != "ion" or kept.endswith(("s", "t")))
            return kept + replacement if may else word
    return word


def _consonants(word: Iterable[str]) -> list[bool]:
    """Which letters are consonants: all but a, e, i, o, u, and y after a consonant."""
    flags: list[bool] = []
    for letter in word:
        flags.append(letter not in "aeiou" and not (letter == "y" and bool(flags) and flags[-1]))
    return flags


def _measure(word: str) -> int:
    """How often a consonant follows a vowel: Porter's m."""
    flags = _consonants(word)
    return sum(flags[index] and not flags[index - 1] for index in range(1, len(flags)))


def _ends_in_double(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _consonants(word)[-1]


def _ends_short(word: str) -> bool:
    """Porter's *o: consonant, vowel, consonant other than w, x and y; or a whole word of vowel and consonant."""
    ends = _consonants(word)[-3:]
    return (ends == [True, False, True] and word[-1] not in "wxy") or (len(word) == 2 and ends == [False, True])
