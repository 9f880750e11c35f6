import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from burnish.grade.rouge import longest_common_subsequence, rouge_l, rouge_n, words

# Few words, so that texts have much in common; a capital, a dash and a letter of another script among them.
TEXTS = st.lists(st.sampled_from(["a", "B", "c", "c-d", "é", "1,5", "\n"]), max_size=12).map(" ".join)
GOOGLES = RougeScorer(["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"], use_stemmer=False)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_it_agrees_with_googles_rouge_score(reference, text):
    wanted = {name: score.fmeasure for name, score in GOOGLES.score(reference, text).items()}
    found = {f"rouge{n}": rouge_n(reference, text, n) for n in range(1, 6)} | {"rougeL": rouge_l(reference, text)}
    assert found == pytest.approx(wanted)


def test_words_are_runs_of_latin_letters_and_digits():
    assert words("Don't STOP: 3.5 km\u00b2!") == ["don", "t", "stop", "3", "5", "km"]


def test_ngrams_count_as_often_as_both_have_them():
    # "a b" thrice and once: 1 in common of 5 and 1 pairs -> 2 * 1 / (5 + 1).
    assert rouge_n("a b a b a b", "a b", 2) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("left", "right", "length"),
    [("abcbdab", "bdcaba", 4), ("", "abc", 0), ("abc", "", 0), ("abc", "abc", 3), ("abc", "cba", 1), ("aaa", "aa", 2)],
)
def test_the_longest_common_subsequence_is_that_of_the_textbook(left, right, length):
    assert longest_common_subsequence(left, right) == length


def test_long_texts_do_not_hold_up_the_loop():
    text = " ".join(f"w{number % 97}" for number in range(5000))
    started = time.perf_counter()
    assert rouge_l(text, text) == 1.0
    assert time.perf_counter() - started < 1.0
