from array import array

import torch

from burnish.policy.cache import Prompt, Prompts

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
    prompts = Prompts(10**6, least=3)
    prompts.keep(_prompt([1, 2, 9, 9, 9]))
    prompts.keep(longer := _prompt([1, 2, 3, 4, 5, 6]))
    found = prompts.beginning("base@0", array("q", [1, 2, 3, 4, 7]))
    assert found is not None
    assert found.ids.tolist() == [1, 2, 3, 4]
    torch.testing.assert_close(found.keys[0], longer.keys[0][:4])
    assert prompts.beginning("base@0", array("q", [1, 2, 8])) is None


def test_a_beginning_leaves_one_token_to_compute():
    prompts = Prompts(10**6, least=2)
    prompts.keep(_prompt([1, 2, 3, 4], hidden=False))
    found = prompts.beginning("base@0", array("q", [1, 2, 3, 4]))
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


def test_what_is_forgotten_is_gone_and_others_stay():
    prompts = Prompts(10**6, least=2)
    prompts.keep(_prompt([1, 2, 3]))
    prompts.keep(other := _prompt([1, 2, 3], owner="tuned#1@4"))
    prompts.forget("base@0")
    assert prompts.whole("base@0", array("q", [1, 2, 3])) is None
    assert prompts.beginning("base@0", array("q", [1, 2, 3])) is None
    assert prompts.whole("tuned#1@4", array("q", [1, 2, 3])) is other


def test_a_dropped_prompt_is_no_beginning_any_more():
    prompts = Prompts(5 * LAYER_BYTES, least=2)
    prompts.keep(_prompt([1, 2, 3]))
    prompts.keep(_prompt([4, 5, 6]))
    assert prompts.beginning("base@0", array("q", [1, 2, 3, 4])) is None
    assert prompts.beginning("base@0", array("q", [4, 5, 6, 7])) is not None


def test_of_a_prompt_kept_twice_the_later_one_stays_when_the_earlier_goes():
    prompts = Prompts(6 * LAYER_BYTES)
    prompts.keep(_prompt([1, 1, 1]))
    prompts.keep(again := _prompt([1, 1, 1]))
    prompts.keep(_prompt([2, 2, 2]))
    assert prompts.whole("base@0", array("q", [1, 1, 1])) is again


def test_a_child_is_continued_but_is_no_beginning():
    prompts = Prompts(10**6, least=2)
    parent = _prompt([1, 2], hidden=False)
    prompts.keep(child := _prompt([1, 2, 3], parent=parent))
    assert prompts.whole("base@0", array("q", [1, 2, 3])) is child
    assert prompts.beginning("base@0", array("q", [1, 2, 3, 4])) is None
