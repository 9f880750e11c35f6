from array import array

import pytest
import torch

from burnish.policy.cache import Prompts
from burnish.policy.prefill import Prefill, Wanted, _portions


def _wanted(*lists, owner="base@0"):
    return [Wanted(owner, None, array("q", each)) for each in lists]


def _compute(base, wanted, prompts=None):
    with torch.no_grad():
        return Prefill(base, prompts or Prompts(10**9)).compute(wanted)


def test_prompts_computed_together_are_those_computed_alone(base):
    begin = [token % 250 + 20 for token in range(200)]
    lists = ([*begin, 5, 6], [*begin, 7], [9, 8, 7], [9, 8, 6, 5], begin)
    together, cached = _compute(base, _wanted(*lists))
    assert cached == [0] * 5
    for ids, prompt in zip(lists, together, strict=True):
        ((alone,), _) = _compute(base, _wanted(ids))
        torch.testing.assert_close(prompt.hidden_X, alone.hidden_X, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(prompt.keys[1], alone.keys[1][len(ids) - prompt.own :], rtol=1e-4, atol=1e-4)


def test_a_long_common_beginning_is_computed_once(base):
    begin = [token % 250 + 20 for token in range(200)]
    (one, two, short), _ = _compute(base, _wanted([*begin, 5, 6], [*begin, 7], [9, 8, 7]))
    assert one.parent is two.parent is not None
    assert one.parent.ids.tolist() == begin
    assert (one.own, two.own, short.own) == (2, 1, 3)


def test_equal_prompts_are_one(base):
    (one, two), _ = _compute(base, _wanted([1, 2, 3], [1, 2, 3]))
    assert one is two


def test_what_is_known_is_counted_and_not_computed_again(base):
    prompts = Prompts(10**9)
    begin = [token % 250 + 20 for token in range(200)]
    _compute(base, _wanted([*begin, 5]), prompts)
    found, cached = _compute(base, _wanted([*begin, 5], [*begin, 6, 7]), prompts)
    assert cached == [201, 200]
    assert found[1].own == 2


def test_other_weights_share_nothing(base):
    prompts = Prompts(10**9)
    _compute(base, _wanted([1, 2, 3]), prompts)
    _, cached = _compute(base, _wanted([1, 2, 3], owner="base@1"), prompts)
    assert cached == [0]


@pytest.mark.parametrize("limit", [1, 5, 10**6])
def test_passes_are_bounded(limit):
    portions = _portions(_wanted([1, 2, 3], [4, 5], [6, 7, 8, 9]), 0, limit)
    assert [len(portion) for portion in portions] == {1: [1, 1, 1], 5: [2, 1], 10**6: [3]}[limit]
