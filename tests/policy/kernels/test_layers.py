"""All layers at a go: bit for bit what they are kernel by kernel."""

import asyncio

import pytest
import torch

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


@pytest.fixture
def one_thread():
    """At the end, whatever a base has set."""
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", ["qwen3", "qwen2"])
def test_threads_change_no_bit_of_an_answer(name, tmp_path, one_thread):
    """Two share rows, or where there are few, columns: matrices are as wide as that takes, the head's, too."""
    if not isinstance(kernels(), NativeKernels):
        pytest.skip("there is no C++ compiler")
    sizes = {"hidden_size": 256, "intermediate_size": 1024, "vocab_size": 320}
    directory, found = write_tiny_model(tmp_path, architecture=name, **sizes), []
    for threads in (1, 2):
        base = Base.load(directory, dtype="float32", threads=threads)
        found.append(base.thread.submit(lambda base=base: answers(Engine(base), every_case(base))).result())
    assert found[0] == found[1]


def test_threads_change_no_more_than_the_rounding_of_a_gradient(directories, one_thread):
    """Attention's way back shares heads, norms' sums are added up thread by thread."""
    if not isinstance(kernels(), NativeKernels):
        pytest.skip("there is no C++ compiler")
    weights = []
    for threads in (1, 2):
        base = Base.load(directories["qwen3"], dtype="float64", threads=threads)
        trainer = LocalTrainer(base, parameters="full")
        given = base.thread.submit(lambda base=base: answers(Engine(base), every_case(base))).result()
        loss = PolicyGradient(normalizer=1.0)
        asyncio.run(trainer.forward_backward([example(each, advantage=1.0) for each in given], loss))
        weights.append({name: weight.grad.clone() for name, weight in trainer._weights.items()})
    for name, alone in weights[0].items():
        torch.testing.assert_close(weights[1][name], alone, rtol=1e-9, atol=1e-12)
