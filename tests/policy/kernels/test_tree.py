"""Attention by kernels against attention in plain torch, there and back."""

from array import array

import pytest
import torch

from burnish.policy.attention import TreeAttention
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.tree import NativeTreeAttention, Segments
from burnish.policy.pack import pack

CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5}


@pytest.fixture
def native():
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    torch.manual_seed(0)
    return found


@pytest.fixture
def packed():
    """Six answers of 3 to 38 tokens to one prompt of 55, two of which go on alike, and a sequence of its own."""
    prompt = list(range(5, 60))
    answers = [[100 + index] * (3 + 7 * index) for index in range(6)]
    answers += [answers[4] + [7] * 40, answers[4] + [8] * 20]
    return pack([*(array("q", prompt + answer) for answer in answers), array("q", [9] * 40)])


def _inputs(count, heads, kv_heads, size, dtype):
    shapes = ((count, heads, size), (count, kv_heads, size), (count, kv_heads, size))
    return [torch.randn(shape).to(dtype).requires_grad_() for shape in shapes]


def _there_and_back(attention, inputs, slope):
    out_NHD = attention.attend(0, *inputs, 0.2)
    return (out_NHD.detach(), *torch.autograd.grad(out_NHD, inputs, slope))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(4, 2, 64), (4, 4, 16), (6, 2, 48)])
def test_it_is_the_plain_attention(native, packed, dtype, shape):
    inputs = _inputs(len(packed.ids_N), *shape, dtype)
    slope = torch.randn(inputs[0].shape).to(dtype)
    found = _there_and_back(NativeTreeAttention(native, packed.segments), inputs, slope)
    wanted = _there_and_back(TreeAttention(packed.buckets), inputs, slope)
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=CLOSE[dtype], atol=10 * CLOSE[dtype])


@pytest.mark.parametrize("shape", [(4, 2, 64), (4, 4, 16)])
def test_in_bf16_it_is_no_further_from_the_truth_than_torch(native, packed, shape):
    """Mean error against fp64; with tiles where the processor has them (heads of 64), without (of 16)."""
    exact = _inputs(len(packed.ids_N), *shape, torch.float64)
    rough = [part.detach().bfloat16().requires_grad_() for part in exact]
    exact = [part.detach().double().requires_grad_() for part in rough]
    slope = torch.randn(exact[0].shape).bfloat16()
    wanted = _there_and_back(TreeAttention(packed.buckets), exact, slope.double())
    ours = _there_and_back(NativeTreeAttention(native, packed.segments), rough, slope)
    torchs = _there_and_back(TreeAttention(packed.buckets), rough, slope)
    for mine, theirs, truth in zip(ours, torchs, wanted, strict=True):
        assert (mine.double() - truth).abs().mean() < 1.1 * (theirs.double() - truth).abs().mean()


def test_remembered_tokens_come_before_all_segments(native):
    """Two sequences after ten remembered tokens are the ends of two of ten tokens more."""
    query, key, value = _inputs(16, 2, 1, 16, torch.float64)
    before = torch.randn(2, 10, 1, 16, dtype=torch.float64)
    tails = pack([array("q", range(8)), array("q", range(20, 28))])
    found = NativeTreeAttention(native, tails.segments.after(10), [(before[0], before[1])]).attend(
        0, query, key, value, 0.2
    )
    for index in range(2):
        own = slice(8 * index, 8 * index + 8)
        whole = Segments(*(torch.tensor([number], dtype=torch.int32) for number in (0, 18, -1)))
        padding = torch.zeros(10, 2, 16, dtype=torch.float64)
        wanted = NativeTreeAttention(native, whole).attend(
            0,
            torch.cat([padding, query[own]]),
            torch.cat([before[0], key[own]]),
            torch.cat([before[1], value[own]]),
            0.2,
        )
        torch.testing.assert_close(found[own], wanted[10:])


def test_keys_and_values_are_kept_where_a_list_is_given(native, packed):
    kept = []
    inputs = _inputs(len(packed.ids_N), 2, 1, 16, torch.float32)
    NativeTreeAttention(native, packed.segments, kept=kept).attend(0, *inputs, 0.2)
    assert torch.equal(kept[0][0], inputs[1])
