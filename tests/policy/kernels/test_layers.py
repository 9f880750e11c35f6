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


@pytest.fixture(params=["qwen3", "qwen2", "llama", "wide heads"])
def narrow(request, directories, tmp_path):
    """In bf16; qwen3 has norms of heads, qwen2 biases; heads of 32 meet prompts in tiles, and outgrow the stream."""
    found = kernels()
    if not isinstance(found, NativeKernels) or not found.has_pairs:
        pytest.skip("the processor does not multiply bf16, or there is no C++ compiler")
    directory = directories.get(request.param) or write_tiny_model(tmp_path, hidden_size=96, head_dim=32)
    return Base.load(directory, dtype="bfloat16", threads=1)


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


def test_answers_are_the_same_bits(narrow, passes, monkeypatch):
    found = answers(Engine(narrow), every_case(narrow))
    assert len(passes) > 20
    assert max(passes) > 16
    count = len(passes)
    monkeypatch.setattr(Decoder, "_native_layers", lambda *_: None)
    assert answers(Engine(narrow), every_case(narrow)) == found
    assert len(passes) == count


def test_with_an_adapter_they_go_one_by_one(narrow, passes):
    engine = Engine(narrow)
    engine.attach("a", learnt(narrow))
    for request in every_case(narrow):
        engine.add(request, "a")
    engine.completions()
    assert passes == []


def test_they_follow_weights_that_move(narrow, passes, monkeypatch):
    trainer = LocalTrainer(narrow, parameters="full")
    before = answers(Engine(narrow), every_case(narrow))
    loss = PolicyGradient(normalizer=1.0)
    asyncio.run(trainer.forward_backward([example(each, advantage=1.0) for each in before], loss))
    asyncio.run(trainer.optim_step(Adam(0.05)))
    after = answers(Engine(narrow), every_case(narrow))
    assert after != before
    assert len(passes) > 40
    monkeypatch.setattr(Decoder, "_native_layers", lambda *_: None)
    assert answers(Engine(narrow), every_case(narrow)) == after
