from array import array

import pytest
import torch

from burnish.policy.attention import TreeAttention
from burnish.policy.cache import Prompt
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.kernels.tree import NativeTreeAttention
from burnish.policy.pack import pack
from burnish.policy.tree import tree_attention


@pytest.fixture
def packed():
    return pack([array("q", range(30)), array("q", [*range(25), 90, 91]), array("q", [7] * 9)])


def test_kernels_do_it_where_they_are_there_and_fit(packed):
    assert isinstance(tree_attention(packed, PlainKernels(), 16), TreeAttention)
    if isinstance(kernels(), NativeKernels):
        assert isinstance(tree_attention(packed, kernels(), 16), NativeTreeAttention)
        assert isinstance(tree_attention(packed, kernels(), 20), TreeAttention)


def test_both_look_at_a_parent_prompt_in_the_same_way(packed):
    torch.manual_seed(0)
    before = [torch.randn(6, 2, 16) for _ in range(2)]
    parent = Prompt("base@0", array("q", range(200, 206)), None, [before[0]], [before[1]], None)
    inputs = [torch.randn(len(packed.ids_N), heads, 16) for heads in (4, 2, 2)]
    outs = []
    for found in (PlainKernels(), kernels()):
        kept = []
        outs.append(tree_attention(packed, found, 16, parent, kept).attend(0, *inputs, 0.25))
        assert torch.equal(kept[0][0], inputs[1])
    torch.testing.assert_close(*outs)
