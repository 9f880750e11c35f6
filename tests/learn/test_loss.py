import math

import pytest
import torch

from burnish.learn.loss import clipped_policy_gradient, entropy, kl_estimate, reverse_kl


def _gradient(ratio: float, advantage: float) -> tuple[float, float, bool]:
    """Loss, d loss / d log-prob and whether the clip is in force, for bounds 0.8 and 1.3."""
    logp_P = torch.tensor([math.log(ratio)], requires_grad=True)
    clipped = clipped_policy_gradient(logp_P, torch.zeros(1), torch.tensor([advantage]), 0.2, 0.3)
    clipped.loss_P.sum().backward()
    return clipped.loss_P.item(), logp_P.grad.item(), bool(clipped.is_clipped_P.item())


def test_within_the_bounds_the_loss_is_the_weighted_ratio():
    assert _gradient(1.1, 2.0) == (pytest.approx(-2.2), pytest.approx(-2.2), False)
    assert _gradient(0.9, -2.0) == (pytest.approx(1.8), pytest.approx(1.8), False)


def test_beyond_the_bound_on_the_good_side_nothing_is_gained():
    assert _gradient(1.5, 2.0) == (pytest.approx(-2.6), 0.0, True)
    assert _gradient(0.5, -2.0) == (pytest.approx(1.6), 0.0, True)


def test_beyond_the_bound_on_the_bad_side_the_gradient_stays():
    assert _gradient(0.5, 2.0) == (pytest.approx(-1.0), pytest.approx(-1.0), False)
    assert _gradient(1.5, -2.0) == (pytest.approx(3.0), pytest.approx(3.0), False)


def test_on_policy_it_is_the_plain_policy_gradient():
    assert _gradient(1.0, 0.7) == (pytest.approx(-0.7), pytest.approx(-0.7), False)


def test_reverse_kl_pulls_back_by_the_gap():
    logp_P = torch.tensor([-1.0], requires_grad=True)
    loss_P = reverse_kl(logp_P, torch.tensor([-1.5]))
    loss_P.sum().backward()
    assert (loss_P.item(), logp_P.grad.item()) == (pytest.approx(0.125), pytest.approx(0.5))


def test_the_reverse_kls_gradient_is_the_divergences_own():
    score_V = torch.tensor([0.3, -0.2, 1.0], requires_grad=True)
    ref_V = torch.log_softmax(torch.tensor([0.0, 0.5, 0.2]), 0)
    logp_V = torch.log_softmax(score_V, 0)
    (exact_V,) = torch.autograd.grad((logp_V.exp() * (logp_V - ref_V)).sum(), score_V, retain_graph=True)
    expected = (logp_V.detach().exp() * reverse_kl(logp_V, ref_V)).sum()
    (ours_V,) = torch.autograd.grad(expected, score_V)
    torch.testing.assert_close(ours_V, exact_V)


def test_the_estimate_is_the_divergence_in_expectation():
    logp_V = torch.log_softmax(torch.tensor([0.3, -0.2, 1.0]), 0)
    ref_V = torch.log_softmax(torch.tensor([0.0, 0.5, 0.2]), 0)
    exact = (logp_V.exp() * (logp_V - ref_V)).sum()
    torch.testing.assert_close((logp_V.exp() * kl_estimate(logp_V, ref_V)).sum(), exact)
    assert (kl_estimate(logp_V, ref_V) >= 0).all()


def test_entropy_is_exact_and_ignores_what_cannot_be_drawn():
    logp_PV = torch.tensor([[math.log(0.5), math.log(0.5), -math.inf], [0.0, -math.inf, -math.inf]])
    assert entropy(logp_PV).tolist() == pytest.approx([math.log(2), 0.0])
