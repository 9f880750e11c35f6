"""The compiled kernels say what the plain ones say: to rounding in fp64 and fp32, within a rounding to bf16 there."""

import numpy as np
import pytest
import torch

from burnish.policy.kernels.kernels import Choices, Heads, Turned, sum_dtype
from burnish.policy.kernels.native import NativeKernels, NativePanels, kernels
from burnish.policy.kernels.plain import PlainKernels

PLAIN = PlainKernels()
DTYPES = [torch.float64, torch.float32, torch.bfloat16]
CLOSE = {torch.float64: 1e-12, torch.float32: 2e-5, torch.bfloat16: 2e-2}


@pytest.fixture
def native():
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    torch.manual_seed(0)
    return found


def _same(found, wanted, dtype):
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.dtype == theirs.dtype
        torch.testing.assert_close(mine, theirs, rtol=CLOSE[dtype], atol=CLOSE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 33, 300])
@pytest.mark.parametrize(("outputs", "inputs"), [(32, 64), (288, 32), (20, 70)])
def test_weights_gradients_are_added_in_the_type_of_sums(native, dtype, count, outputs, inputs):
    """Twice, of columns of a larger gradient, and never rounded on the way where our own product fits."""
    both_NO, x_NI = torch.randn(count, 2 * outputs).to(dtype), torch.randn(count, inputs).to(dtype)
    gradient_OI = torch.ones(outputs, inputs, dtype=sum_dtype(dtype))
    for dout_NO in both_NO.split(outputs, dim=1):
        native.add_outer(dout_NO, x_NI, gradient_OI)
    exact_OI = 1 + sum(part_NO.double().t() @ x_NI.double() for part_NO in both_NO.split(outputs, dim=1))
    is_ours = outputs % 32 == inputs % 32 == 0 and torch.get_num_threads() == 1
    close = 2e-5 if is_ours and dtype == torch.bfloat16 else CLOSE[dtype]
    torch.testing.assert_close(gradient_OI.double(), exact_OI, rtol=close, atol=close * count**0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_y", [True, False])
def test_norms_are_the_same(native, dtype, with_y):
    wide = sum_dtype(dtype)
    x_NX, weight_X = torch.randn(5, 70, dtype=wide), torch.randn(70, dtype=wide)
    y_NX, dh_NX = torch.randn(5, 70).to(dtype), torch.randn(5, 70).to(dtype)
    sides = []
    for each in (native, PLAIN):
        stream_NX = x_NX.clone()
        normed = each.add_norm(stream_NX, y_NX if with_y else None, weight_X, 1e-6, dtype)
        assert torch.equal(stream_NX, x_NX)
        dx_NX, dw_X = torch.ones_like(x_NX), torch.ones_like(weight_X)
        narrow_NX = each.add_norm_backward(dh_NX, normed.sum_NX, weight_X, normed.inverse_N, dx_NX, dw_X)
        torch.testing.assert_close(narrow_NX, dx_NX.to(dtype), rtol=0, atol=0)
        sides.append((*normed, dx_NX, dw_X))
    _same(*sides, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normed", [True, False])
def test_turns_are_the_same(native, dtype, normed):
    wide, size = sum_dtype(dtype), 20
    angle_TD = torch.rand(9, size // 2, dtype=wide) * 6
    weights = [torch.rand(size, dtype=wide) + 0.5 if normed else None for _ in range(2)]
    heads = Heads(4, 2, weights[0], weights[1], 1e-6, angle_TD.cos(), angle_TD.sin())
    qkv_NO, position_N = torch.randn(7, 8 * size).to(dtype), torch.randint(0, 9, (7,))
    gradient = Turned(*(torch.randn(7, count, size).to(dtype) for count in (4, 2, 2)))
    sides = []
    for each in (native, PLAIN):
        dw_D = tuple(torch.zeros(size, dtype=wide) for _ in range(2)) if normed else None
        back_NO = each.turn_backward(gradient, qkv_NO, position_N, heads, dw_D)
        sides.append((*each.turn(qkv_NO, position_N, heads), back_NO, *(dw_D or ())))
    _same(*sides, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gates_are_the_same(native, dtype):
    both_NI, dout_NI = (torch.randn(5, 140) * 4).to(dtype), torch.randn(5, 70).to(dtype)
    both_NI[0, :3] = torch.tensor([-100.0, 100.0, 0.0])
    sides = []
    for each in (native, PLAIN):
        back = both_NI.clone(), dout_NI.clone()
        sides.append((each.gate(both_NI), *back))
        each.gate_backward(back[1], back[0])
    _same(*sides, dtype)
    assert not torch.equal(sides[0][1], both_NI)


def _choices(rows, size):
    flags = np.random.default_rng(0).integers(0, 2, (3, (size + 31) // 32 * 32)).astype(np.uint8)
    flags[:, 1] = 1
    set_UW = torch.from_numpy(np.packbits(flags, axis=1, bitorder="little").view(np.int32))
    return Choices(set_UW, (torch.arange(rows) % 4 - 1).int())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [70, 600])
def test_draws_are_the_same(native, dtype, size):
    logits_RV = (torch.randn(40, size) * 3).to(dtype)
    temperature_R = torch.tensor([1.0, 0.7, 0.0, 1.3]).repeat(10)
    arguments = (logits_RV, _choices(40, size), temperature_R, torch.rand(40, dtype=torch.float64))
    found, wanted = native.draw(*arguments), PLAIN.draw(*arguments)
    assert torch.equal(found.id_R, wanted.id_R)
    exact = torch.float64 if dtype == torch.float64 else torch.float32  # logits are read as they are
    _same(found[1:], wanted[1:], exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scores_and_their_way_back_are_the_same(native, dtype):
    wide, size = sum_dtype(dtype), 70
    logits_PV, target_P = (torch.randn(12, size) * 3).to(dtype), torch.ones(12, dtype=torch.long)
    temperature_P, slope_P = torch.rand(12, dtype=wide) + 0.5, torch.randn(12, dtype=wide)
    choices = _choices(12, size)
    sides = []
    for each in (native, PLAIN):
        scores = each.score(logits_PV, choices, temperature_P, target_P)
        back_PV = each.score_backward(logits_PV.clone(), choices, temperature_P, target_P, scores, slope_P)
        sides.append((*scores, back_PV))
    _same(*sides, dtype)


@pytest.fixture
def threads():
    """Sets how many; as before at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [131, 700])
def test_threads_change_no_bit_of_a_row_and_only_the_rounding_of_sums_over_rows(native, dtype, rows, threads):
    wide, size = sum_dtype(dtype), 32
    stream_NX, weight_X = torch.randn(rows, 256, dtype=wide), torch.randn(256, dtype=wide)
    qkv_NO, both_NI = torch.randn(rows, 8 * size).to(dtype), torch.randn(rows, 256).to(dtype)
    position_N = torch.randint(0, 9, (rows,))
    norms = [torch.rand(size, dtype=wide) + 0.5 for _ in range(2)]
    angle_TD = torch.rand(9, size // 2, dtype=wide)
    heads = Heads(4, 2, *norms, 1e-6, angle_TD.cos(), angle_TD.sin())
    dturned = Turned(*(torch.randn(rows, count, size).to(dtype) for count in (4, 2, 2)))
    logits_PV, target_P = torch.randn(rows, 600).to(dtype), torch.ones(rows, dtype=torch.long)
    cold_P, uniform_P = torch.ones(rows, dtype=wide), torch.rand(rows, dtype=torch.float64)

    def all_of_them():
        normed = native.add_norm(stream_NX, both_NI, weight_X, 1e-6, dtype)
        dx_NX, sums = torch.zeros_like(stream_NX), [torch.zeros(256, dtype=wide), *torch.zeros(2, size, dtype=wide)]
        narrow_NX = native.add_norm_backward(both_NI, stream_NX, weight_X, normed.inverse_N, dx_NX, sums[0])
        dqkv_NO = native.turn_backward(dturned, qkv_NO, position_N, heads, (sums[1], sums[2]))
        back = both_NI[:, :128].clone(), both_NI.clone()
        native.gate_backward(*back)
        scores = native.score(logits_PV, _choices(rows, 600), cold_P, target_P)
        dlogits_PV = native.score_backward(
            logits_PV.clone(), _choices(rows, 600), cold_P, target_P, scores, scores.logp_P
        )
        draws = native.draw(logits_PV, _choices(rows, 600), cold_P, uniform_P)
        turned = native.turn(qkv_NO, position_N, heads)
        gated = native.gate(both_NI)
        return [*normed, dx_NX, narrow_NX, *turned, dqkv_NO, gated, *back, *scores, dlogits_PV, *draws], sums

    threads(1)
    alone, alone_sums = all_of_them()
    for count in (2, 3):
        threads(count)
        found, sums = all_of_them()
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(found, alone, strict=True))
        for mine, theirs in zip(sums, alone_sums, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 7, 700])
@pytest.mark.parametrize(("outputs", "inputs"), [(64, 512), (1024, 512)])
def test_threads_change_no_bit_of_a_product(native, dtype, rows, outputs, inputs, threads):
    """700 rows of 64 outputs share rows; 7 rows of 1,024 outputs and their biases share columns."""
    weight_OI, bias_O = torch.randn(outputs, inputs).to(dtype), torch.randn(outputs).to(dtype)
    x_NI, dout_NO = torch.randn(rows, inputs).to(dtype), torch.randn(rows, outputs).to(dtype)
    threads(1)
    panels, alone_OI = native.panels(weight_OI, bias_O), torch.zeros(outputs, inputs, dtype=sum_dtype(dtype))
    assert isinstance(panels, NativePanels)
    alone_NO = panels.product(x_NI)
    native.add_outer(dout_NO, x_NI, alone_OI)
    for count in (2, 3):
        threads(count)
        assert torch.equal(panels.product(x_NI), alone_NO)
        if dtype != torch.bfloat16 or not native.has_pairs:
            gradient_OI = torch.zeros_like(alone_OI)
            native.add_outer(dout_NO, x_NI, gradient_OI)
            assert torch.equal(gradient_OI, alone_OI)
