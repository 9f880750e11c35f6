import asyncio

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Item, Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import TextSimilaritySpec

ITEM = Item(line=1, messages=(), tools=(), fields={})


def grader(metric, reference):
    spec = TextSimilaritySpec(
        type="text_similarity", input="{{sample.output_text}}", reference=reference, evaluation_metric=metric
    )
    return build(spec, Tools())


def score(metric, text, reference):
    grade = asyncio.run(grader(metric, reference)(ITEM, Sample(text, None)))
    assert grade.faults == ()
    return grade.score


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # 5 words each. In common: fuzzy, wuzzy -> P = R = 2/5, F = 2/5.
        ("rouge_1", 0.40),
        # 4 pairs each, "fuzzy wuzzy" in common -> F = 1/4.
        ("rouge_2", 0.25),
        # no triple in common
        ("rouge_3", 0.0),
        ("rouge_4", 0.0),
        ("rouge_5", 0.0),
        # longest common subsequence: fuzzy, wuzzy -> F = 2/5
        ("rouge_l", 0.40),
    ],
)
def test_the_fingerprints_of_the_specification(metric, expected):
    assert score(metric, "fuzzy wuzzy was a bear", "fuzzy wuzzy had no hair") == pytest.approx(expected)


def test_it_is_the_f_measure_of_precision_and_recall():
    # 2 of 4 words of the answer are right, 2 of 2 of the reference are found: P = 1/2, R = 1, F = 2/3.
    assert score("rouge_1", "a red green blue", "red green") == pytest.approx(2 / 3)


def test_a_subsequence_may_have_gaps_but_keeps_its_order():
    # a..c of "a b c" are in order in "a x c": 2 of 3, while "c x a" keeps only one in order.
    assert score("rouge_l", "a x c", "a b c") == pytest.approx(2 / 3)
    assert score("rouge_l", "c x a", "a b c") == pytest.approx(1 / 3)


@pytest.mark.parametrize("number", range(1, 6))
def test_five_words_are_enough_for_every_n(number):
    assert score(f"rouge_{number}", "one two three four five", "one two three four five") == 1.0


def test_case_and_punctuation_do_not_count_and_words_are_not_stemmed():
    assert score("rouge_1", "Hello, WORLD!", "hello world") == 1.0
    assert score("rouge_1", "running", "run") == 0.0


@pytest.mark.parametrize(("text", "reference"), [("", "word"), ("word", ""), ("", ""), ("日本語", "日本語")])
def test_a_text_without_words_scores_nothing(text, reference):
    assert score("rouge_1", text, reference) == score("rouge_l", text, reference) == 0.0


@pytest.mark.parametrize("metric", ["fuzzy_match", "bleu", "gleu", "meteor", "cosine"])
def test_metrics_that_are_not_here_are_refused_when_built(metric):
    with pytest.raises(InvalidRequest, match=f"'{metric}' is not available in this version") as caught:
        grader(metric, "x")
    assert caught.value.param == "grader.evaluation_metric"
