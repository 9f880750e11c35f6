"""The two ways through a layer; that the way back is right, `test_decoder.py` shows for a whole model."""

from array import array

import torch

from burnish.policy.adapter import Route
from burnish.policy.load import Base
from burnish.policy.pack import pack
from burnish.policy.tree import tree_attention
from tests.policy.asking import learnt, prompt


def _hidden(base, routes):
    packed = pack([prompt(base), prompt(base, "Another question?"), array("q", [5, 6, 7])])
    attention = tree_attention(packed, base.network.kernels, base.network.head_size)
    with base.routing.through(routes):
        return base.network.hidden(packed.ids_N, packed.position_N, attention)


def test_a_learning_pass_says_what_a_plain_one_says(base):
    for routes in ([], [Route(learnt(base), None)]):
        with torch.no_grad():
            plain = _hidden(base, routes)
        torch.testing.assert_close(_hidden(base, routes).detach(), plain, rtol=1e-5, atol=1e-5)


def test_the_way_back_leaves_nothing_behind(directories):
    base = Base.load(directories["qwen3"])
    adapter = learnt(base)
    hidden_NX = _hidden(base, [Route(adapter, None)])
    hidden_NX.backward(torch.ones_like(hidden_NX))
    first = {name: factors.a_rI.grad.clone() for name, factors in adapter.factors.items()}
    hidden_NX = _hidden(base, [Route(adapter, None)])
    hidden_NX.backward(torch.ones_like(hidden_NX))
    for name, factors in adapter.factors.items():
        torch.testing.assert_close(factors.a_rI.grad, 2 * first[name])
