import math
import random

import pytest
from nltk.translate.gleu_score import sentence_gleu
from sacrebleu.metrics import BLEU

from burnish.grade.bleu import bleu, gleu
from burnish.grade.tokens import tokens

REFERENCE = "fuzzy wuzzy had no hair"
TEXT = "fuzzy wuzzy was a bear"


def pairs():
    rng = random.Random(0)
    words = ["the", "cat", "sat", "on", "a", "mat", ",", ".", "and", "The", "dog", "ran", "home", "3.5"]
    return [tuple(" ".join(rng.choices(words, k=rng.randint(0, 12))) for _ in range(2)) for _ in range(300)]


def test_a_precision_of_nothing_is_halved_from_order_to_order():
    # 1-grams 2/5, 2-grams 1/4, 3-grams 0/3 -> 1/(2*3), 4-grams 0/2 -> 1/(4*2); lengths are equal.
    expected = (2 / 5 * 1 / 4 * 1 / 6 * 1 / 8) ** (1 / 4)
    assert bleu(REFERENCE, TEXT) == pytest.approx(expected)
    assert expected == pytest.approx(0.2136, abs=5e-5)


def test_a_short_text_pays_for_its_brevity_and_is_not_asked_for_long_ngrams():
    # "a b" against "a b c d": precisions 2/2 and 1/1, length 2 of 4.
    assert bleu("a b c d", "a b") == pytest.approx(math.exp(1 - 4 / 2))


def test_equal_texts_score_one_and_those_without_a_common_word_nothing():
    assert bleu("one two", "one two") == gleu("one two", "one two") == 1.0
    assert bleu("one two", "three") == gleu("one two", "three") == 0.0


@pytest.mark.parametrize(("reference", "text"), [("", ""), ("a", ""), ("", "a")])
def test_an_empty_text_scores_nothing(reference, text):
    assert bleu(reference, text) == gleu(reference, text) == 0.0


def test_case_counts():
    assert bleu("Yes", "yes") == gleu("Yes", "yes") == 0.0


def test_gleu_gives_the_fingerprint_of_the_specification():
    # 2 words and 1 pair in common, of 5 + 4 + 3 + 2.
    assert gleu(REFERENCE, TEXT) == pytest.approx(3 / 14)
    assert round(gleu(REFERENCE, TEXT), 3) == 0.214


def test_gleu_takes_the_lesser_of_precision_and_recall():
    # 1 word in common; the longer text has 4 words: 4 + 3 + 2 + 1 n-grams.
    assert gleu("a", "a b c d") == gleu("a b c d", "a") == pytest.approx(1 / 10)


def test_bleu_is_sacrebleus():
    theirs = BLEU(effective_order=True)
    for reference, text in pairs():
        assert bleu(reference, text) == pytest.approx(theirs.sentence_score(text, [reference]).score / 100)


def test_gleu_is_nltks():
    for reference, text in pairs():
        assert gleu(reference, text) == pytest.approx(sentence_gleu([tokens(reference)], tokens(text)))
