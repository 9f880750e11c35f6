"""Whether an answer's bits stay the same whatever else the engine answers beside it.

Sums of floating-point numbers depend on their order, and libraries choose the order by the shape of a product. An
engine that is `invariant` gives every product of a row a shape of its own or one that never changes; whether the
kernels underneath keep rows apart cannot be read off them, so it is tried out.
"""

from collections.abc import Sequence

import torch

from burnish.core.errors import Unavailable
from burnish.core.rollout import Completion, SampleKey
from burnish.policy.adapter import Adapter
from burnish.policy.engine import Engine
from burnish.policy.load import Base
from burnish.policy.roles import Request

TOKENS = 12
"""Of each answer."""
ALONE = (0, 1, 2, 17, 31, 63)
"""Which of the crowd are asked alone as well: each adapter, the base, and rows from all over the batch."""
_NAMES = (None, "one", "other")


def prove(base: Base, rows: int = 64) -> None:
    """Answer questions alone and in a full batch, with two adapters and without.

    In the base's thread. Raises `Unavailable` where a bit differs.
    """
    crowd = [_question(base, line) for line in range(rows)]
    together = _answers(base, crowd, range(rows))
    for line in ALONE:
        [alone] = _answers(base, [crowd[line]], [line])
        if _bits(alone) != _bits(together[line]):
            raise Unavailable(
                f"serving.invariant cannot be held for {base.name} on this machine: an answer's bits change with the "
                "batch. It takes compiled kernels and training.threads = 1; else set serving.invariant to false."
            )


def _question(base: Base, line: int) -> Request:
    """At temperature 1, so that the last bit of any log-prob may count."""
    prompt_ids = base.renderer.prompt([{"role": "user", "content": f"{line}. What is it?" * (1 + line % 3)}], [], "low")
    return Request(SampleKey("invariance", "valid", 0, line, 0), prompt_ids, TOKENS, TOKENS // 2, seed=line)


def _answers(base: Base, requests: Sequence[Request], lines: Sequence[int]) -> list[Completion]:
    """From a fresh engine, in the order of their lines."""
    engine = Engine(base, invariant=True)
    for seed, name in enumerate(_NAMES[1:]):
        engine.attach(name or "", _adapter(base, seed))
    for request, line in zip(requests, lines, strict=True):
        engine.add(request, _NAMES[line % len(_NAMES)])
    return engine.completions()


def _adapter(base: Base, seed: int) -> Adapter:
    """One that changes what the base says."""
    adapter = Adapter.fresh(base.routing.targets, 8, 16.0, seed)
    draws = torch.Generator().manual_seed(seed)
    for factors in adapter.factors.values():
        factors.b_Or.data.normal_(std=0.02, generator=draws)
    return adapter


def _bits(completion: Completion) -> tuple[bytes, bytes]:
    return completion.output_ids.tobytes(), completion.logprobs.tobytes()
