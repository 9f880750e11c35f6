"""All layers at a go: bit for bit what they are kernel by kernel."""

import asyncio

import pytest

from burnish.policy.decoder import Decoder
from burnish.policy.engine import Engine
from burnish.policy.kernels.layers import NativeLayers
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.load import Base
from burnish.policy.roles import Adam, PolicyGradient
from burnish.policy.train import LocalTrainer
from tests.policy.asking import answers, every_case, example, learnt
from tests.tiny import write_tiny_model


@pytest.fixture(params=["bfloat16", "float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=["qwen3", "qwen2", "llama", "wide heads"])
def base(request, dtype, directories, tmp_path):
    """qwen3 has norms of heads, qwen2 biases; heads of 32 meet prompts in tiles, and outgrow the stream."""
    if not isinstance(kernels(), NativeKernels):
        pytest.skip("there is no C++ compiler")
    directory = directories.get(request.param) or write_tiny_model(tmp_path, hidden_size=96, head_dim=32)
    return Base.load(directory, dtype=dtype, threads=1)


@pytest.fixture
def passes(monkeypatch):
    """How many tokens went through all layers at a go, pass by pass."""
    seen: list[int] = []
    hidden = NativeLayers.hidden

    def counted(self, x_NX, *rest):
        seen.append(len(x_NX))
        return hidden(self, x_NX, *rest)

    monkeypatch.setattr(NativeLayers, "hidden", counted)
    return seen


def test_answers_are_the_same_bits(base, passes, monkeypatch):
    found = answers(Engine(base), every_case(base))
    assert len(passes) > 20
    assert max(passes) > 16
    count = len(passes)
    monkeypatch.setattr(Decoder, "_native_layers", lambda *_: None)
    assert answers(Engine(base), every_case(base)) == found
    assert len(passes) == count


def test_with_an_adapter_they_go_one_by_one(base, passes):
    engine = Engine(base)
    engine.attach("a", learnt(base))
    for request in every_case(base):
        engine.add(request, "a")
    engine.completions()
    assert passes == []


def test_they_follow_weights_that_move(base, passes, monkeypatch):
    trainer = LocalTrainer(base, parameters="full")
    before = answers(Engine(base), every_case(base))
    loss = PolicyGradient(normalizer=1.0)
    asyncio.run(trainer.forward_backward([example(each, advantage=1.0) for each in before], loss))
    asyncio.run(trainer.optim_step(Adam(0.05)))
    after = answers(Engine(base), every_case(base))
    assert after != before
    assert len(passes) > 40
    monkeypatch.setattr(Decoder, "_native_layers", lambda *_: None)
    assert answers(Engine(base), every_case(base)) == after
