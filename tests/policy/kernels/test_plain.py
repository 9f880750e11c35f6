"""The ways back, against torch's own derivatives in fp64."""

import pytest
import torch
import torch.nn.functional as F

from burnish.policy.kernels.kernels import Heads, Turned
from burnish.policy.kernels.plain import PlainKernels, flags

KERNELS = PlainKernels()


def _random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_flags_are_bits_lowest_first():
    set_RW = torch.tensor([[0b101, -1], [1 << 31 if False else -(2**31), 0]], dtype=torch.int32)
    assert flags(set_RW, 34).int().tolist() == [[1, 0, 1] + [0] * 29 + [1, 1], [0] * 31 + [1, 0, 0]]


def test_the_way_back_through_a_norm():
    x_NX, weight_X, dh_NX = _random(3, 8).requires_grad_(), _random(8).requires_grad_(), _random(3, 8)
    h_NX = x_NX * (x_NX.square().mean(1, keepdim=True) + 1e-6).rsqrt() * weight_X
    wanted = torch.autograd.grad(h_NX, (x_NX, weight_X), dh_NX)
    x_NX, weight_X = x_NX.detach(), weight_X.detach()
    inverse_N = KERNELS.add_norm(x_NX, None, weight_X, 1e-6, torch.float64).inverse_N
    dx_NX, dw_X = torch.ones(3, 8, dtype=torch.float64), torch.zeros(8, dtype=torch.float64)
    KERNELS.add_norm_backward(dh_NX, x_NX, weight_X, inverse_N, dx_NX, dw_X)
    torch.testing.assert_close(dx_NX - 1, wanted[0])
    torch.testing.assert_close(dw_X, wanted[1])


@pytest.mark.parametrize("normed", [True, False])
def test_the_way_back_through_the_turn(normed):
    angle_TD = torch.arange(5, dtype=torch.float64)[:, None] * torch.tensor([1.0, 0.3], dtype=torch.float64)
    weights = [_random(4).requires_grad_() if normed else None for _ in range(2)]
    heads = Heads(2, 1, weights[0], weights[1], 1e-6, angle_TD.cos(), angle_TD.sin())
    qkv_NO, position_N = _random(3, 16).requires_grad_(), torch.tensor([0, 4, 2])
    turned = KERNELS.turn(qkv_NO, position_N, heads)
    gradient = Turned(*(torch.randn_like(part) for part in turned))
    leaves = (qkv_NO, *(weight for weight in weights if weight is not None))
    wanted = torch.autograd.grad(turned, leaves, gradient)
    dw_D = tuple(torch.zeros(4, dtype=torch.float64) for _ in range(2))
    with torch.no_grad():
        found = KERNELS.turn_backward(gradient, qkv_NO, position_N, heads, dw_D if normed else None)
    torch.testing.assert_close(found, wanted[0])
    for mine, theirs in zip(dw_D, wanted[1:], strict=False):
        torch.testing.assert_close(mine, theirs)


def test_position_zero_turns_nothing_and_a_quarter_swaps_the_halves():
    angle_TD = torch.tensor([[0.0], [torch.pi / 2]])
    heads = Heads(1, 1, None, None, 0.0, angle_TD.cos(), angle_TD.sin())
    qkv_NO = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] * 2)
    turned = KERNELS.turn(qkv_NO, torch.tensor([0, 1]), heads)
    torch.testing.assert_close(turned.query_NHD[:, 0], torch.tensor([[1.0, 2.0], [-2.0, 1.0]]))
    torch.testing.assert_close(turned.value_NKD[1, 0], torch.tensor([5.0, 6.0]))


def test_the_way_back_through_the_gate():
    both_NI, dout_NI = _random(3, 10).requires_grad_(), _random(3, 5)
    out_NI = F.silu(both_NI[:, :5]) * both_NI[:, 5:]
    (wanted,) = torch.autograd.grad(out_NI, both_NI, dout_NI)
    found, again = both_NI.detach().clone(), dout_NI.clone()
    KERNELS.gate_backward(again, found)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(again, out_NI.detach())
