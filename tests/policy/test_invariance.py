import pytest

from burnish.core.errors import Unavailable
from burnish.policy import invariance as module
from burnish.policy.adapter import Adapter
from burnish.policy.engine import Engine
from burnish.policy.invariance import prove
from burnish.policy.kernels.native import NativeKernels
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.load import Base
from tests.policy.asking import SCHEMA, answers, ask


@pytest.fixture(scope="module")
def starter() -> Base:
    """In the type that this processor multiplies best."""
    base = Base.load("burnish-starter")
    if not isinstance(base.network.kernels, NativeKernels):
        pytest.skip("no compiler here")
    return base


def test_what_was_proven_holds_for_every_kind_of_answer(starter):
    prove(starter)
    long = "The policy says that all of it is encrypted. " * 20
    cases = [
        {"text": long + "one"},
        {"text": long + "another"},
        {"response_schema": SCHEMA, "max_tokens": 60},
        {"temperature": 0.0},
        {"effort": "none", "reasoning_tokens": 0},
        {"top_p": 0.9, "likeliest": 3},
    ]
    requests = [ask(starter, line, sample, **case) for line, case in enumerate(cases) for sample in range(4)]
    adapter = Adapter.fresh(starter.routing.targets, 4, 8.0, seed=3)
    for part in adapter.parameters():
        part.data.normal_(std=0.05)

    def asked(chosen, name):
        engine = Engine(starter, invariant=True)
        engine.attach("tuned", adapter)
        others = [ask(starter, 100 + line) for line in range(20)]
        for number, request in enumerate(others if len(chosen) > 1 else []):
            engine.add(request, "tuned" if number % 2 else None)
        return {each.key: (each.output_ids, each.logprobs) for each in answers(engine, chosen, name)}

    for name in (None, "tuned"):
        crowd = asked(requests, name)
        for request in requests[::3]:
            assert asked([request], name)[request.key] == crowd[request.key]


def test_without_rows_that_keep_apart_it_is_refused_with_what_to_do():
    base = Base.load("burnish-starter", dtype="float32", with_kernels=PlainKernels())
    with pytest.raises(Unavailable, match=r"cannot be held for burnish-starter .* set serving.invariant to false"):
        prove(base)


def test_an_engine_that_is_not_invariant_does_not_stand_the_probe(starter, monkeypatch):
    monkeypatch.setattr(module, "Engine", lambda base, invariant: Engine(base))
    with pytest.raises(Unavailable):
        prove(starter)
