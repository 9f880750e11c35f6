from array import array

import pytest
import torch

from burnish.policy.attention import TreeAttention
from burnish.policy.cache import Prompt, Prompts, RowAttention, Shared, Slots
from tests.policy.test_attention import _bucket

LAYER_BYTES = 2 * 1 * 4 * 4  # keys and values, one head of four fp32 numbers, per token


def _prompt(ids, owner="base@0", hidden=True, parent=None) -> Prompt:
    own = len(ids) - (len(parent.ids) if parent else 0)
    keys = [torch.randn(own, 1, 4)]
    return Prompt(owner, array("q", ids), parent, keys, [torch.randn(own, 1, 4)], torch.zeros(8) if hidden else None)


def test_a_whole_prompt_is_found_for_its_weights_only():
    prompts = Prompts(10**6)
    prompts.keep(kept := _prompt([1, 2, 3]))
    assert prompts.whole("base@0", array("q", [1, 2, 3])) is kept
    assert prompts.whole("tuned#1@4", array("q", [1, 2, 3])) is None
    assert prompts.whole("base@0", array("q", [1, 2])) is None


def test_a_beginning_is_cut_from_the_prompt_that_agrees_longest():
    prompts = Prompts(10**6)
    prompts.keep(_prompt([1, 2, 9, 9, 9]))
    prompts.keep(longer := _prompt([1, 2, 3, 4, 5, 6]))
    found = prompts.beginning("base@0", array("q", [1, 2, 3, 4, 7]), least=3)
    assert found is not None
    assert found.ids.tolist() == [1, 2, 3, 4]
    torch.testing.assert_close(found.keys[0], longer.keys[0][:4])
    assert prompts.beginning("base@0", array("q", [1, 2, 8]), least=3) is None


def test_a_beginning_leaves_one_token_to_compute():
    prompts = Prompts(10**6)
    prompts.keep(_prompt([1, 2, 3, 4], hidden=False))
    found = prompts.beginning("base@0", array("q", [1, 2, 3, 4]), least=2)
    assert found is not None
    assert found.ids.tolist() == [1, 2, 3]


def test_the_least_recently_used_go_first():
    prompts = Prompts(6 * LAYER_BYTES)
    prompts.keep(first := _prompt([1, 1, 1]))
    prompts.keep(_prompt([2, 2, 2]))
    assert prompts.whole("base@0", first.ids) is first
    prompts.keep(_prompt([3, 3, 3]))
    assert prompts.whole("base@0", array("q", [2, 2, 2])) is None
    assert prompts.whole("base@0", first.ids) is first


def test_what_is_forgotten_is_gone():
    prompts = Prompts(10**6)
    prompts.keep(_prompt([1, 2, 3]))
    prompts.forget("base@0")
    assert prompts.whole("base@0", array("q", [1, 2, 3])) is None


@pytest.mark.parametrize("adds", [1, 2])
def test_rows_see_a_shared_prompt_as_if_it_were_their_own(adds):
    torch.manual_seed(0)
    size, heads, known = 4, 2, 5
    keys, values = torch.randn(known + adds, heads, size), torch.randn(known + adds, heads, size)
    query_NHD = torch.randn(adds, 2 * heads, size)
    expected = TreeAttention([_bucket(known + adds, adds)], remembered=[(keys[:known], values[:known])])
    expected_NHD = expected.attend(0, query_NHD, keys[known:], values[known:], 0.5)
    for in_place in (True, False):
        own = 2 if in_place else 0
        far = known - own
        prompt = Prompt("base@0", array("q", range(far)), None, [keys[:far]], [values[:far]], None)
        slots = Slots(1)
        slots.reserve(1, known + adds, keys)
        slots.keys[0][0, :, :own] = keys[far:known].transpose(0, 1)
        slots.values[0][0, :, :own] = values[far:known].transpose(0, 1)
        if not in_place:
            slots.put(0, prompt)
        used = own if in_place else known
        limit_RC = used + torch.arange(adds)[None]
        mask_R1CT = torch.zeros(1, 1, adds, used + adds)
        mask_R1CT[0, 0][torch.arange(used + adds) > limit_RC[0][:, None]] = -torch.inf
        attention = RowAttention(
            slots,
            torch.zeros(adds, dtype=torch.long),
            used + torch.arange(adds),
            None if adds == 1 else torch.arange(adds),
            adds,
            mask_R1CT,
            [Shared(prompt, torch.tensor([0]))] if in_place else [],
        )
        out_NHD = attention.attend(0, query_NHD, keys[known:], values[known:], 0.5)
        torch.testing.assert_close(out_NHD, expected_NHD)


def test_growing_and_moving_keep_what_rows_hold():
    slots = Slots(1)
    slots.reserve(1, 3, torch.zeros(1, 1, 4))
    slots.put(0, prompt := _prompt([1, 2, 3]))
    slots.reserve(3, 500, torch.zeros(1, 1, 4))
    slots.move(0, 2, 3)
    torch.testing.assert_close(slots.keys[0][2, :, :3], prompt.keys[0].transpose(0, 1))
    torch.testing.assert_close(slots.values[0][0, :, :3], prompt.values[0].transpose(0, 1))
