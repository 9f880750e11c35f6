"""Words and punctuation marks as WMT's mteval-v13a cuts them, and their n-grams: what BLEU, GLEU and METEOR compare.

sacrebleu's tokenizer `13a` in our own lines, tested against that package, which takes six others with it.
"""

import re
from collections import Counter
from collections.abc import Sequence

_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SPLITS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),  # ASCII's punctuation but ' , - and .
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),  # . and , unless a digit stands before
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),  # . and , unless a digit stands after
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # - after a digit
)


def tokens(text: str) -> list[str]:
    """The text's words and marks, in their case. Scripts without blanks are not cut."""
    line = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES:
        line = line.replace(entity, character)
    line = f" {line} "
    for pattern, spaced in _SPLITS:
        line = pattern.sub(spaced, line)
    return line.split()


def ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of n words occurs."""
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))
