"""What the kernels' own layout must hold beyond `tests/policy/test_slots.py`, where both kinds stand side by side."""

from array import array

import pytest
import torch

from burnish.policy.cache import Prompt
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.slots import NativeSlots
from burnish.policy.slots import Size


@pytest.fixture
def slots():
    found = kernels()
    if not isinstance(found, NativeKernels):
        pytest.skip("there is no C++ compiler")
    torch.manual_seed(0)
    return NativeSlots(Size(1, 2, 16, torch.float32), found)


def test_a_shared_prompt_is_laid_out_once_and_goes_with_its_rows(slots):
    prompt = Prompt(
        "base@0", array("q", range(20)), None, [torch.randn(20, 2, 16)], [torch.randn(20, 2, 16)], torch.zeros(8)
    )
    slots.reserve(3, 4)
    for row in range(3):
        slots.start(row, prompt, prompt)
    slots.attention([0, 1, 2], [0, 0, 0], 3)
    (laid,) = slots._laid.values()
    slots.attention([0, 1], [0, 0], 2)
    assert [each is laid for each in slots._laid.values()] == [True]
    other = Prompt("base@0", array("q", [1]), None, [torch.randn(1, 2, 16)], [torch.randn(1, 2, 16)], None)
    for row in range(3):
        slots.start(row, other, None)
    slots.attention([0], [1], 1)
    del prompt, laid
    assert len(slots._laid) == 0


def test_what_an_earlier_row_left_in_a_block_changes_nothing(slots):
    def first_answer():
        prompt = Prompt("base@0", array("q", [1, 2]), None, [torch.ones(2, 2, 16)], [torch.ones(2, 2, 16)], None)
        slots.start(0, prompt, None)
        token = [torch.full((1, heads, 16), 0.5) for heads in (2, 2, 2)]
        return slots.attention([0], [2], 1).attend(0, *token, 0.25)

    slots.reserve(1, 32)
    before = first_answer()
    long = Prompt("base@0", array("q", range(30)), None, [torch.randn(30, 2, 16)], [torch.randn(30, 2, 16)], None)
    slots.start(0, long, None)
    assert torch.equal(first_answer(), before)
