"""The two ways through a layer; that the way back is right, `test_decoder.py` shows for a whole model."""

from array import array
from functools import partial
from unittest.mock import patch

import torch

from burnish.policy.adapter import Route
from burnish.policy.layer import Way
from burnish.policy.load import Base
from burnish.policy.pack import pack
from burnish.policy.tree import tree_attention
from burnish.policy.weights import Matrix
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


def test_tokens_pass_the_gated_layer_in_parts_as_they_do_together(directories, monkeypatch):
    found = []
    for size in (1000, 7):
        monkeypatch.setattr(Way, "parts", lambda _, tokens, size=size: _slices(tokens, size))
        base = Base.load(directories["qwen3"], dtype="float64")
        masters = base.network.learn()
        hidden_NX = _hidden(base, [])
        hidden_NX.backward(torch.linspace(-1, 1, hidden_NX.numel(), dtype=torch.float64).view_as(hidden_NX))
        found.append([hidden_NX.detach(), *(master.grad for master in masters.values())])
    assert len(found[0][0]) > 7
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


def _slices(tokens, size):
    return [slice(start, min(start + size, tokens)) for start in range(0, tokens, size)]


def test_parts_are_many_where_the_matrices_are_in_panels_and_no_adapter_is(base):
    layer = base.network.weights.layers[0]
    way = partial(Way, 0, layer, base.network.kernels, None, 1.0, 1e-6, None, None)
    with patch.object(Matrix, "in_panels", False):
        assert list(way([]).parts(600)) == [slice(0, 600)]
    with patch.object(Matrix, "in_panels", True):
        assert list(way([]).parts(600)) == [slice(0, 256), slice(256, 512), slice(512, 600)]
        assert list(way([object()]).parts(600)) == [slice(0, 600)]
