"""What both implementations must do, by numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from burnish.core.rollout import SampleKey
from burnish.policy.kernels.kernels import Choices, sum_dtype
from burnish.policy.kernels.native import kernels as fastest
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.random import stream, uniform


@pytest.fixture(params=["plain", "fastest"])
def kernels(request):
    return PlainKernels() if request.param == "plain" else fastest()


def _choices(allowed_RV):
    """Every row its own set."""
    rows, size = allowed_RV.shape
    flags = np.zeros((rows, (size + 31) // 32 * 32), np.uint8)
    flags[:, :size] = allowed_RV.numpy()
    set_UW = torch.from_numpy(np.packbits(flags, axis=1, bitorder="little").view(np.int32))
    return Choices(set_UW, torch.arange(rows, dtype=torch.int32))


def _draw(kernels, logits, allowed, temperature, number):
    allowed_RV = torch.tensor([allowed])
    return kernels.draw(
        torch.tensor([logits]), _choices(allowed_RV), torch.tensor([temperature]), torch.tensor([number]).double()
    )


TENTHS = [math.log(0.1), math.log(0.2), math.log(0.3), math.log(0.4)]


def test_sums_are_at_least_fp32():
    assert sum_dtype(torch.bfloat16) == sum_dtype(torch.float32) == torch.float32
    assert sum_dtype(torch.float64) == torch.float64


def test_the_token_is_where_the_cumulated_probability_passes_the_number(kernels):
    numbers = (0.0, 0.09, 0.11, 0.29, 0.31, 0.61, 0.999)
    assert [_draw(kernels, TENTHS, [True] * 4, 1.0, number).id_R.item() for number in numbers] == [0, 0, 1, 1, 2, 3, 3]


def test_a_mask_renormalises_and_its_mass_is_told(kernels):
    drawn = _draw(kernels, TENTHS, [False, True, True, False], 1.0, 0.5)
    assert drawn.id_R.item() == 2
    assert drawn.logp_R.item() == pytest.approx(math.log(0.6))
    assert drawn.mass_R.item() == pytest.approx(0.5)


def test_temperature_divides_the_logits(kernels):
    drawn = _draw(kernels, [0.0, 2.0], [True, True], 2.0, 0.9)
    assert drawn.logp_R.item() == pytest.approx(1 - math.log(1 + math.e))


def test_temperature_zero_takes_the_likeliest_allowed_and_tells_its_log_prob_at_one(kernels):
    drawn = _draw(kernels, [0.0, 1.0, 5.0], [True, True, False], 0.0, 0.01)
    assert drawn.id_R.item() == 1
    assert drawn.logp_R.item() == pytest.approx(1 - math.log(1 + math.e))


def test_the_largest_number_draws_an_allowed_token(kernels):
    drawn = _draw(kernels, [0.0, 0.0, 0.0], [True, True, False], 1.0, math.nextafter(1.0, 0.0))
    assert drawn.id_R.item() == 1


def test_allowed_tokens_of_next_to_no_probability_are_drawn_by_their_shares(kernels):
    drawn = _draw(kernels, [0.0, -200.0, -201.0], [False, True, True], 1.0, 0.5)
    assert drawn.id_R.item() == 1
    assert drawn.logp_R.item() == pytest.approx(-math.log(1 + math.exp(-1)))
    assert drawn.mass_R.item() == 0.0


@pytest.mark.parametrize("nonsense", [math.nan, math.inf])
def test_scores_that_are_no_numbers_draw_nothing(kernels, nonsense):
    assert _draw(kernels, [0.0, nonsense], [True, True], 1.0, 0.5).id_R.item() == -1


def test_masked_draws_follow_the_exact_softmax(kernels):
    count, size = 100_000, 40
    generator = torch.Generator().manual_seed(1)
    logits_V = torch.randn(size, generator=generator) * 1.5
    allowed_V = torch.arange(size) % 3 != 0
    keys = np.full(count, stream(0, SampleKey("job", "train", 1, 1, 0)), np.uint64)
    numbers_R = torch.from_numpy(uniform(keys, np.arange(count, dtype=np.uint64)))
    one = _choices(allowed_V[None])
    choices = Choices(one.set_UW, torch.zeros(count, dtype=torch.int32))
    drawn = kernels.draw(logits_V.repeat(count, 1), choices, torch.ones(count), numbers_R)
    exact_V = torch.softmax(logits_V.double().masked_fill(~allowed_V, -torch.inf), -1)
    counts_V = torch.bincount(drawn.id_R, minlength=size)
    assert counts_V[~allowed_V].sum() == 0
    expected_V = exact_V[allowed_V] * count
    chi2 = float(((counts_V[allowed_V] - expected_V) ** 2 / expected_V).sum())
    freedom = int(allowed_V.sum()) - 1
    assert chi2 < freedom + 4 * math.sqrt(2 * freedom)


def test_a_score_is_the_log_prob_after_temperature_and_mask(kernels):
    logits_PV = torch.tensor([[0.0, 2.0, 100.0]])
    choices = _choices(torch.tensor([[True, True, False]]))
    scores = kernels.score(logits_PV, choices, torch.tensor([2.0]), torch.tensor([0]))
    share = 1 / (1 + math.e)
    assert scores.logp_P.item() == pytest.approx(math.log(share))
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert scores.entropy_P.item() == pytest.approx(entropy, rel=1e-5)


def test_the_way_back_from_a_score_is_the_target_less_the_softmax(kernels):
    """p = (0.1, 0.2, 0.3, 0.4) at T = 1; a slope of 2 at the second: 2 * (-0.1, 1 - 0.2, -0.3, -0.4)."""
    free = Choices(torch.empty(0, 1, dtype=torch.int32), torch.tensor([-1], dtype=torch.int32))
    logits_PV, ones, target = torch.tensor([TENTHS]), torch.ones(1), torch.tensor([1])
    scores = kernels.score(logits_PV, free, ones, target)
    gradient_PV = kernels.score_backward(logits_PV, free, ones, target, scores, torch.tensor([2.0]))
    assert gradient_PV[0].tolist() == pytest.approx([-0.2, 1.6, -0.6, -0.8], rel=1e-5)


def test_a_place_with_one_allowed_token_has_log_prob_zero_and_no_gradient(kernels):
    logits_PV, ones, target = torch.tensor([[0.3, 2.0, 1.0]]), torch.ones(1), torch.tensor([1])
    choices = _choices(torch.tensor([[False, True, False]]))
    scores = kernels.score(logits_PV, choices, ones, target)
    assert (scores.logp_P.item(), scores.entropy_P.item()) == (0.0, 0.0)
    assert kernels.score_backward(logits_PV, choices, ones, target, scores, ones)[0].tolist() == [0.0, 0.0, 0.0]


def test_a_weights_gradient_is_what_comes_out_times_what_went_in(kernels):
    gradient_OI = torch.tensor([[1.0, 0.0]])
    kernels.add_outer(torch.tensor([[2.0], [3.0]]), torch.tensor([[1.0, 4.0], [0.0, 5.0]]), gradient_OI)
    assert gradient_OI.tolist() == [[3.0, 23.0]]


def test_a_norm_divides_by_the_root_of_the_mean_square(kernels):
    """x + y = (3, 4): mean square 12.5."""
    x_NX, y_NX = torch.tensor([[1.0, 5.0]]), torch.tensor([[2.0, -1.0]])
    sum_NX, h_NX, inverse_N = kernels.add_norm(x_NX, y_NX, torch.tensor([1.0, 2.0]), 0.0, torch.float32)
    assert sum_NX[0].tolist() == [3.0, 4.0]
    assert inverse_N.item() == pytest.approx(12.5**-0.5)
    assert h_NX[0].tolist() == pytest.approx([3 / 12.5**0.5, 8 / 12.5**0.5])


def test_a_gate_is_silu_of_the_first_half_times_the_second(kernels):
    both_NI = torch.tensor([[0.0, math.log(3.0), 5.0, 2.0]])
    assert kernels.gate(both_NI)[0].tolist() == pytest.approx([0.0, math.log(3.0) * 0.75 * 2])
