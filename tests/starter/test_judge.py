import pytest

from burnish.core.rollout import Sample
from burnish.starter.family import Row
from burnish.starter.judge import ranks, score_of, spearman
from burnish.starter.sampling import Answer


def _answer(json):
    return Answer(Row({}, "", ""), "", Sample("", json))


def test_equal_values_share_their_mean_rank():
    assert ranks([5.0, 1.0, 5.0, 0.0]) == [3.5, 2.0, 3.5, 1.0]


def test_the_correlation_is_one_for_any_rising_relation_and_minus_one_for_a_falling_one():
    assert spearman([1, 2, 3], [10, 100, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_the_correlation_by_hand():
    # ranks 1 2 3 4 against 1 3 2 4: 1 - 6 * 2 / (4 * 15) = 0.8
    assert spearman([0.1, 0.2, 0.3, 0.4], [1, 3, 2, 4]) == pytest.approx(0.8)


def test_a_constant_tells_nothing():
    assert spearman([0.5, 0.5, 0.5], [0, 0.5, 1]) == 0


def test_a_judgement_without_a_number_has_no_score():
    assert score_of(_answer({"steps": [], "result": 0.75})) == 0.75
    assert score_of(_answer({"steps": []})) is None
    assert score_of(_answer(None)) is None
