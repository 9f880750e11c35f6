import random

import pytest
from nltk.translate.meteor_score import single_meteor_score

from burnish.grade.meteor import meteor
from burnish.grade.tokens import tokens

KNOWN = {"car": {"auto", "car"}, "auto": {"auto", "car"}, "big": {"big", "larg"}, "home": {"home", "hous"}}


class Names:
    """A thesaurus of a few words; `synsets` is how NLTK asks."""

    def synonyms(self, word):
        return frozenset(KNOWN.get(word, ()))

    def synsets(self, word):
        return [Synset(self.synonyms(word))]


class Synset:
    def __init__(self, names):
        self._names = names

    def lemmas(self):
        return [Lemma(name) for name in self._names]


class Lemma:
    def __init__(self, name):
        self._name = name

    def name(self):
        return self._name


def test_the_fingerprint_texts():
    # 2 of 5 words match, side by side: P = R = 0.4, one chunk of two words: 0.4 * (1 - 0.5 * (1/2)^3).
    assert meteor("fuzzy wuzzy had no hair", "fuzzy wuzzy was a bear", None) == pytest.approx(0.375)


def test_recall_weighs_nine_times_as_much_as_precision():
    # 2 words match in one chunk. P = 1, R = 1/2: PR / (0.9 P + 0.1 R) = 0.5 / 0.95; penalty 0.5 / 8.
    assert meteor("a b c d", "a b", None) == pytest.approx(0.5 / 0.95 * (1 - 0.5 / 8))
    # P = 1/2, R = 1: 0.5 / (0.45 + 0.1).
    assert meteor("a b", "a b c d", None) == pytest.approx(0.5 / 0.55 * (1 - 0.5 / 8))


def test_scattered_matches_cost_up_to_half():
    # All three words match, but no two stand side by side in both: 3 chunks of 3.
    assert meteor("a b c", "c b a", None) == pytest.approx(0.5)


def test_case_does_not_count_and_stems_match():
    assert meteor("The Runner Runs", "the runner running", None) == pytest.approx(1 - 0.5 / 27)


def test_synonyms_match_where_there_is_a_thesaurus():
    assert meteor("the car", "the auto", None) == pytest.approx(0.5 * (1 - 0.5))
    assert meteor("the car", "the auto", Names()) == pytest.approx(1 - 0.5 / 8)


@pytest.mark.parametrize(("reference", "text"), [("", ""), ("a", ""), ("", "a"), ("a", "b")])
def test_texts_without_a_match_score_nothing(reference, text):
    assert meteor(reference, text, Names()) == 0.0


def test_it_is_nltks():
    rng = random.Random(0)
    words = tokens("the car auto cars big large home house houses ran running runs . , a")
    names = Names()
    for _ in range(300):
        reference, text = (" ".join(rng.choices(words, k=rng.randint(0, 12))) for _ in range(2))
        theirs = single_meteor_score(tokens(reference), tokens(text), wordnet=names)
        assert meteor(reference, text, names) == pytest.approx(theirs)
