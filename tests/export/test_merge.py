import pytest
import torch

from burnish.export.merge import merge
from burnish.policy.load import Base
from tests.policy.asking import learnt
from tests.tiny import write_tiny_model


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2"])
def test_a_layer_grows_by_its_factors_product(tmp_path, architecture):
    base = Base.load(write_tiny_model(tmp_path, architecture=architecture))
    adapter = learnt(base)
    name = min(adapter.factors)
    factors = adapter.factors[name]
    weight = dict(base.model.named_modules())[name].weight
    before = weight.detach().clone()
    merge(base, adapter)
    grown = (weight - before).t() if base.routing.is_transposed else weight - before
    x = torch.randn(3, factors.a_rI.shape[1])
    wanted = (x @ factors.a_rI.t()) @ factors.b_Or.t() * adapter.scale
    torch.testing.assert_close(x @ grown.t(), wanted, rtol=1e-4, atol=1e-5)
