import random
import re

import pytest
from nltk.stem.porter import PorterStemmer

from burnish.grade.porter import stem

ENDINGS = re.split(
    " ",
    "ies ied ing ed eed s sses ss y ational tional enci anci izer bli alli entli eli ousli ization ation ator alism "
    "iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic "
    "able ible ant ement ment ent ion ou ism ate iti ous ive ize e ll le",
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ties", "tie"),
        ("flies", "fli"),
        ("agreed", "agre"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("enjoy", "enjoy"),
        ("relational", "relat"),
        ("adoption", "adopt"),
        ("controlling", "control"),
        ("skies", "sky"),
        ("by", "by"),
        ("", ""),
        ("3.5", "3.5"),
    ],
)
def test_a_word_is_cut_to_its_stem(word, expected):
    assert stem(word) == expected


def test_stems_are_nltks():
    rng = random.Random(0)
    theirs = PorterStemmer()
    roots = ["".join(rng.choices("aeiouyylstbnzdrwx", k=rng.randint(0, 7))) for _ in range(400)]
    words = [root + ending for root in roots for ending in ENDINGS]
    assert [word for word in words if stem(word) != theirs.stem(word)] == []


def test_a_long_word_takes_time_in_proportion():
    assert stem("y" * 100_000 + "ing") == "y" * 99_999 + "i"
