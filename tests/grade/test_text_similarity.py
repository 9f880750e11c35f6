import asyncio

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Fault, Item, Sample
from burnish.grade.build import build
from burnish.grade.text_similarity import MAX_CHARACTERS, SHORT_CHARACTERS, WITHOUT_WORDNET
from burnish.grade.tools import Tools
from burnish.spec.grader import TextSimilaritySpec

ITEM = Item(line=1, messages=(), tools=(), fields={})


class Names:
    """A thesaurus of one pair."""

    def synonyms(self, word):
        return frozenset({"car", "auto"}) if word in ("car", "auto") else frozenset()


def grader(metric, reference, tools=None):
    spec = TextSimilaritySpec(
        type="text_similarity", input="{{sample.output_text}}", reference=reference, evaluation_metric=metric
    )
    return build(spec, tools or Tools())


def graded(metric, text, reference, tools=None):
    return asyncio.run(grader(metric, reference, tools)(ITEM, Sample(text, None)))


def score(metric, text, reference):
    grade = graded(metric, text, reference)
    assert grade.faults == ()
    return grade.score


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # Indel: 22 and 23 characters, longest common subsequence 17 -> 2 * 17 / 45.
        ("fuzzy_match", 0.7556),
        # (2/5 * 1/4 * 1/6 * 1/8) ** (1/4); without smoothing it would be 0
        ("bleu", 0.2136),
        # 3 of 14 n-grams
        ("gleu", 0.2143),
        # one chunk of two words: 0.4 * (1 - 0.5 / 8)
        ("meteor", 0.375),
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
    found = score(metric, "fuzzy wuzzy was a bear", "fuzzy wuzzy had no hair")
    assert found == pytest.approx(expected, abs=5e-5)


def test_fuzzy_match_takes_padding_and_case_for_differences():
    # 5 common characters of 5 + 15; W against w: 4 of 5 + 5.
    assert score("fuzzy_match", "Paris Rome Oslo", "Paris") == pytest.approx(2 * 5 / 20)
    assert score("fuzzy_match", "World", "world") == pytest.approx(2 * 4 / 10)


def test_fuzzy_match_takes_two_empty_texts_for_equal():
    assert score("fuzzy_match", "", "") == 1.0
    assert score("fuzzy_match", "", "a") == 0.0


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


def test_meteor_without_a_thesaurus_says_so_in_the_grade():
    alone = graded("meteor", "the auto", "the car")
    helped = graded("meteor", "the auto", "the car", Tools(thesaurus=Names()))
    assert (alone.score, alone.notes, alone.faults) == (pytest.approx(0.25), (WITHOUT_WORDNET,), ())
    assert (helped.score, helped.notes) == (pytest.approx(1 - 0.5 / 8), ())
    assert graded("bleu", "a", "a").notes == ()


METRICS = ["fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_l"]


@pytest.mark.parametrize("metric", METRICS)
def test_a_text_that_is_too_long_is_a_zero_that_says_so(metric):
    for text, reference, name in (("a" * (MAX_CHARACTERS + 1), "a", "input"), ("a", "a" * 100_001, "reference")):
        grade = graded(metric, text, reference)
        [note] = grade.faults
        assert (grade.score, note.fault) == (0.0, Fault.OTHER)
        assert note.detail == f"'{name}' has 100001 characters; at most 100000 are compared."


@pytest.mark.parametrize("metric", METRICS)
def test_while_long_texts_are_compared_the_event_loop_turns(metric):
    turns = 0

    async def main():
        nonlocal turns
        text = "word " * (SHORT_CHARACTERS // 5 + 1)
        grading = asyncio.ensure_future(grader(metric, text.strip())(ITEM, Sample(text.strip(), None)))
        await asyncio.sleep(0)  # the grading begins
        while not grading.done():
            turns += 1
            await asyncio.sleep(0)
        return await grading

    assert asyncio.run(main()).score == pytest.approx(1.0, abs=1e-6)
    assert turns > 0


def test_cosine_needs_an_embedder_and_says_what_to_set():
    with pytest.raises(InvalidRequest, match=r"models\.remote, or in models\.embedders.*grading\.embedder") as caught:
        grader("cosine", "x")
    assert caught.value.param == "grader.evaluation_metric"
