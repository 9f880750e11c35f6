"""Both kinds of slots: a row sees its shared prompt and its own slots as one sequence."""

from array import array

import pytest
import torch

from burnish.policy.attention import TreeAttention
from burnish.policy.cache import Prompt
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.slots import NativeSlots
from burnish.policy.slots import PlainSlots, Size
from tests.policy.test_attention import _bucket

HEADS, D = 2, 16
CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 3e-2}


def _slots(kind, dtype):
    size = Size(1, HEADS, D, dtype)
    if kind == "plain":
        return PlainSlots(size)
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    return NativeSlots(size, found)


def _prompt(keys, values):
    return Prompt("base@0", array("q", range(len(keys))), None, [keys], [values], None)


@pytest.fixture(params=["plain", "native"])
def kind(request):
    return request.param


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("adds", [1, 2])
def test_rows_see_a_prompt_as_if_it_were_their_own(kind, dtype, in_place, adds):
    """Against one sequence of 37 tokens; the prompt's 33 do not fill their last block."""
    torch.manual_seed(0)
    known, group = 33, 2
    total = known + 2 + adds
    keys, values = torch.randn(total, HEADS, D).to(dtype), torch.randn(total, HEADS, D).to(dtype)
    query_NHD = torch.randn(adds, group * HEADS, D).to(dtype)
    before = (keys[:-adds].double(), values[:-adds].double())
    wanted = TreeAttention([_bucket(total, adds)], remembered=[before])
    wanted_NHD = wanted.attend(0, query_NHD.double(), keys[-adds:].double(), values[-adds:].double(), 0.3)
    prompt, slots = _prompt(keys[:known], values[:known]), _slots(kind, dtype)
    slots.reserve(2, known + 4)
    slots.start(0, _prompt(values[:3], keys[:3]), None)  # another row, to be left alone
    slots.start(1, prompt, prompt if in_place else None)
    used = 0 if in_place else known
    for token in range(known, total - adds):  # two tokens on their own first
        one = slice(token, token + 1)
        slots.attention([1], [used], 2).attend(0, query_NHD[:1], keys[one], values[one], 0.3)
        used += 1
    attention = slots.attention([1] * adds, list(range(used, used + adds)), 2)
    found_NHD = attention.attend(0, query_NHD, keys[-adds:], values[-adds:], 0.3)
    assert float((found_NHD.double() - wanted_NHD).abs().max()) < CLOSE[dtype]


def test_growing_and_moving_keep_what_rows_hold(kind):
    torch.manual_seed(0)
    slots = _slots(kind, torch.float32)
    prompt = _prompt(torch.randn(3, HEADS, D), torch.randn(3, HEADS, D))
    slots.reserve(1, 4)
    slots.start(0, prompt, None)
    token = [torch.randn(1, heads, D) for heads in (2 * HEADS, HEADS, HEADS)]
    before = slots.attention([0], [3], 1).attend(0, *token, 0.3)
    slots.reserve(3, 500)
    assert torch.equal(slots.attention([0], [3], 1).attend(0, *token, 0.3), before)
    slots.move(0, 2, 3)
    three = [torch.cat([part] * 3) for part in token]
    slots.start(0, prompt, None)
    slots.start(1, prompt, None)
    after = slots.attention([0, 1, 2], [3, 3, 3], 3).attend(0, *three, 0.3)
    for row in range(3):
        torch.testing.assert_close(after[row], before[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("group", [1, 2, 3, 5, 17])
@pytest.mark.parametrize("size", [16, 32, 64])
def test_rows_of_several_prompts_and_of_none_share_a_pass(dtype, group, size):
    """Runs of rows at one prompt, longer and shorter than a tile of queries, between rows that stand alone."""
    torch.manual_seed(0)
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    sizes = Size(1, HEADS, size, dtype)
    prompts = [_prompt(*(torch.randn(known, HEADS, size).to(dtype) for _ in range(2))) for known in (40, 7, 64)]
    shared = [0] * 10 + [None, 1, 1, None, 2, 0]
    lengths = [3, 20, 1, 40, 5, 6, 33, 8, 9, 2, 50, 1, 30, 4, 16, 17]
    rows, results = len(shared), []
    own = [torch.randn(2, length, HEADS, size).to(dtype) for length in lengths]
    query_NHD = torch.randn(rows, group * HEADS, size).to(dtype)
    for slots in (PlainSlots(sizes), NativeSlots(sizes, found)):
        slots.reserve(rows, max(lengths))
        for row, prompt in enumerate(shared):
            first = _prompt(own[row][0, :-1], own[row][1, :-1])
            slots.start(row, first, None)
            if prompt is not None:
                slots._shared[row] = prompts[prompt]
        attention = slots.attention(range(rows), [length - 1 for length in lengths], rows)
        last = [torch.stack([each[side, -1] for each in own]) for side in range(2)]
        results.append(attention.attend(0, query_NHD, *last, size**-0.5))
    torch.testing.assert_close(results[1], results[0], rtol=CLOSE[dtype], atol=CLOSE[dtype])
