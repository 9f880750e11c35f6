import math

import numpy as np
import pytest
import torch

from burnish.core.errors import BurnishError
from burnish.core.rollout import SampleKey
from burnish.policy.draw import draw
from burnish.policy.random import stream, uniform


def _draw(logits, allowed, temperature, number):
    return draw(
        torch.tensor([logits]), torch.tensor([allowed]), torch.tensor([temperature]), torch.tensor([number]).double()
    )


def test_the_token_is_where_the_cumulated_probability_passes_the_number():
    logits = [math.log(0.1), math.log(0.2), math.log(0.3), math.log(0.4)]
    drawn = [
        _draw(logits, [True] * 4, 1.0, number).id_R.item() for number in (0.0, 0.09, 0.11, 0.29, 0.31, 0.61, 0.999)
    ]
    assert drawn == [0, 0, 1, 1, 2, 3, 3]


def test_a_mask_renormalises_and_its_mass_is_told():
    logits = [math.log(0.1), math.log(0.2), math.log(0.3), math.log(0.4)]
    drawn = _draw(logits, [False, True, True, False], 1.0, 0.5)
    assert drawn.id_R.item() == 2
    assert drawn.logp_R.item() == pytest.approx(math.log(0.6))
    assert drawn.mass_R.item() == pytest.approx(0.5)


def test_temperature_divides_the_logits():
    drawn = _draw([0.0, 2.0], [True, True], 2.0, 0.9)
    assert drawn.logp_R.item() == pytest.approx(1 - math.log(1 + math.e))


def test_temperature_zero_takes_the_likeliest_allowed_and_tells_its_log_prob_at_one():
    drawn = _draw([0.0, 1.0, 5.0], [True, True, False], 0.0, 0.01)
    assert drawn.id_R.item() == 1
    assert drawn.logp_R.item() == pytest.approx(1 - math.log(1 + math.e))


def test_the_largest_number_draws_an_allowed_token():
    drawn = _draw([0.0, 0.0, 0.0], [True, True, False], 1.0, math.nextafter(1.0, 0.0))
    assert drawn.id_R.item() == 1


def test_allowed_tokens_of_next_to_no_probability_are_drawn_by_their_shares():
    drawn = _draw([0.0, -200.0, -201.0], [False, True, True], 1.0, 0.5)
    assert drawn.id_R.item() == 1
    assert drawn.logp_R.item() == pytest.approx(-math.log(1 + math.exp(-1)))
    assert drawn.mass_R.item() == 0.0


def test_scores_that_are_no_numbers_are_told():
    with pytest.raises(BurnishError, match="diverged"):
        _draw([0.0, math.nan], [True, True], 1.0, 0.5)


def test_masked_draws_follow_the_exact_softmax():
    count, size = 100_000, 40
    generator = torch.Generator().manual_seed(1)
    logits_V = torch.randn(size, generator=generator) * 1.5
    allowed_V = torch.arange(size) % 3 != 0
    keys = np.full(count, stream(0, SampleKey("job", "train", 1, 1, 0)), np.uint64)
    numbers_R = torch.from_numpy(uniform(keys, np.arange(count, dtype=np.uint64)))
    drawn = draw(logits_V.expand(count, size), allowed_V.expand(count, size), torch.ones(count), numbers_R)
    exact_V = torch.softmax(logits_V.double().masked_fill(~allowed_V, -torch.inf), -1)
    counts_V = torch.bincount(drawn.id_R, minlength=size)
    assert counts_V[~allowed_V].sum() == 0
    expected_V = exact_V[allowed_V] * count
    chi2 = float(((counts_V[allowed_V] - expected_V) ** 2 / expected_V).sum())
    freedom = int(allowed_V.sum()) - 1
    assert chi2 < freedom + 4 * math.sqrt(2 * freedom)
