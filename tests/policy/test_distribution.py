"""Against numbers worked out by hand: probabilities of 0.5, 0.25, 0.15 and 0.1."""

import math

import numpy as np
import pytest
import torch

from burnish.policy.distribution import Distribution

SHARES = (0.25, 0.1, 0.5, 0.15)


def distribution(allowed: tuple[bool, ...] = (True,) * 4, shares: tuple[float, ...] = SHARES) -> Distribution:
    return Distribution(torch.tensor(shares).log(), torch.tensor(allowed))


def ids(bits: np.ndarray) -> list[int]:
    return [index for index in range(len(bits) * 32) if int(bits[index // 32]) >> index % 32 & 1]


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.0, [2]), (0.01, [2]), (0.5, [2]), (0.51, [0, 2]), (0.75, [0, 2]), (0.8, [0, 2, 3]), (0.95, [0, 1, 2, 3])],
)
def test_the_nucleus_is_the_smallest_set_that_has_the_probability(top_p, kept):
    assert ids(distribution().nucleus(1.0, top_p)) == kept


def test_what_is_not_allowed_has_no_share_in_the_nucleus():
    # 0.25, 0.1 and 0.15 are one half and so 0.5, 0.2 and 0.3 of what is allowed.
    assert ids(distribution((True, True, False, True)).nucleus(1.0, 0.5)) == [0]
    assert ids(distribution((True, True, False, True)).nucleus(1.0, 0.6)) == [0, 3]


def test_a_temperature_comes_before_the_nucleus():
    # At 0.5 the shares are squared: 0.25, 0.0625, 0.0225 and 0.01 of 0.345; the first alone has 0.725.
    assert ids(distribution().nucleus(0.5, 0.7)) == [2]
    assert ids(distribution().nucleus(1.0, 0.7)) == [0, 2]
    assert ids(distribution().nucleus(0.0, 0.7)) == [0, 2]


def test_equal_scores_are_taken_in_id_order():
    assert ids(distribution(shares=(0.25,) * 4).nucleus(1.0, 0.5)) == [0, 1]


def test_a_nucleus_beyond_one_word():
    logits_V = torch.full((70,), -50.0)
    logits_V[69] = 0.0
    assert ids(Distribution(logits_V, torch.ones(70, dtype=torch.bool)).nucleus(1.0, 0.9)) == [69]


def test_odds_are_log_probs_among_the_allowed():
    logprob, likeliest = distribution((True, True, False, True)).odds(1, 2)
    assert logprob == pytest.approx(math.log(0.2))
    assert [each for each, _ in likeliest] == [0, 3]
    assert [value for _, value in likeliest] == pytest.approx([math.log(0.5), math.log(0.3)])


def test_only_what_is_allowed_is_told():
    assert [each for each, _ in distribution((False, False, True, False)).odds(2, 20).likeliest] == [2]
    assert distribution().odds(0, 0).likeliest == ()
