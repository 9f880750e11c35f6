import asyncio

import pytest

from burnish.core.errors import GraderUnavailable, InvalidRequest
from burnish.core.rollout import Fault, Item, Sample
from burnish.grade.build import build
from burnish.grade.cosine import cosine
from burnish.grade.tools import Tools
from burnish.spec.grader import TextSimilaritySpec
from tests.fakes import FakeEmbedder

ITEM = Item(line=1, messages=(), tools=(), fields={})
VECTORS = {"east": [1.0, 0.0], "north": [0.0, 2.0], "northeast": [3.0, 3.0], "west": [-1.0, 0.0], "zero": [0.0, 0.0]}


def graded(text, reference, embedder):
    spec = TextSimilaritySpec(
        type="text_similarity", input="{{sample.output_text}}", reference=reference, evaluation_metric="cosine"
    )
    return asyncio.run(build(spec, Tools(embedder=embedder))(ITEM, Sample(text, None)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("east", 1.0), ("northeast", 0.5**0.5), ("north", 0.0), ("west", 0.0), ("zero", 0.0)],
)
def test_the_score_is_the_cosine_and_never_negative(text, expected):
    embedder = FakeEmbedder(VECTORS)
    grade = graded(text, "east", embedder)
    assert (grade.score, grade.faults) == (pytest.approx(expected), ())
    assert embedder.asked == [[text, "east"]]


@pytest.mark.parametrize(("text", "reference"), [("", "east"), ("east", ""), (" \n", "east")])
def test_a_blank_text_scores_nothing_and_asks_nobody(text, reference):
    embedder = FakeEmbedder(VECTORS)
    assert graded(text, reference, embedder).score == 0.0
    assert embedder.asked == []


@pytest.mark.parametrize("error", [GraderUnavailable("down"), InvalidRequest("too many tokens")])
def test_an_embedder_that_fails_us_leaves_no_score(error):
    grade = graded("east", "east", FakeEmbedder(VECTORS, error))
    [note] = grade.faults
    assert (grade.score, note.fault, note.detail) == (None, Fault.MODEL_SERVER, error.message)


def test_a_text_that_is_too_long_is_the_answers_fault_and_not_ours():
    error = InvalidRequest("A text has 600 tokens.", param="input", code="context_length_exceeded")
    grade = graded("east", "east", FakeEmbedder(VECTORS, error))
    [note] = grade.faults
    assert (grade.score, note.fault, note.detail) == (0.0, Fault.OTHER, error.message)


def test_a_vector_without_length_is_like_nothing():
    assert cosine([0.0, 0.0], [1.0, 0.0]) == 0.0
    assert cosine([1.0, 2.0], [-2.0, -4.0]) == pytest.approx(-1.0)
