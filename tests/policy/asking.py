"""Requests to a tiny model, their answers, and what transformers alone says of them."""

from array import array
from collections.abc import Iterable
from typing import Any

import torch

from burnish.core.rollout import Completion, Example, SampleKey, Source
from burnish.policy.adapter import Adapter
from burnish.policy.engine import Engine, Finished
from burnish.policy.load import Base
from burnish.policy.roles import Request

SCHEMA = (
    '{"type":"object","properties":{"compliant":{"enum":["yes","no","needs review"]},"explanation":{"type":"string"}},'
    '"required":["compliant","explanation"],"additionalProperties":false}'
)


def key(line: int = 1, sample: int = 0, step: int = 1) -> SampleKey:
    return SampleKey("job", "train", step, line, sample)


def prompt(base: Base, text: str = "Is it encrypted?", effort: str = "medium") -> "array[int]":
    return base.renderer.prompt([{"role": "user", "content": text}], [], effort)


def ask(base: Base, line: int = 1, sample: int = 0, **changes: Any) -> Request:
    """A free answer with up to 8 tokens of reasoning, unless told otherwise."""
    text, effort = changes.pop("text", f"Question {line}?"), changes.pop("effort", "medium")
    fields: dict[str, Any] = {"max_tokens": 40, "reasoning_tokens": 8, "seed": 7} | changes
    return Request(key=key(line, sample), prompt_ids=prompt(base, text, effort), **fields)


def every_case(base: Base, temperature: float = 1.0) -> list[Request]:
    """Two samples each: free, masked, budget-forced, truncated, no reasoning; a group; a long shared beginning."""
    long = "The policy. " * 20
    cases: list[dict[str, Any]] = [
        {"effort": "none", "reasoning_tokens": 0},
        {"effort": "none", "reasoning_tokens": 0, "response_schema": SCHEMA, "max_tokens": 60},
        {"reasoning_tokens": 3},
        {"response_schema": SCHEMA, "max_tokens": 60},
        {"max_tokens": 5},
        {"text": long + "one", "max_tokens": 20},
        {"text": long + "another", "max_tokens": 20},
    ]
    requests = [ask(base, line, sample, **case) for line, case in enumerate(cases) for sample in range(2)]
    requests += [ask(base, 20, sample) for sample in range(5)]
    return [_replaced(request, temperature) for request in requests]


def _replaced(request: Request, temperature: float) -> Request:
    return Request(
        request.key,
        request.prompt_ids,
        request.max_tokens,
        request.reasoning_tokens,
        request.response_schema,
        temperature,
        request.seed,
    )


def finish_all(engine: Engine, requests: Iterable[Request], adapter: str | None = None) -> dict[SampleKey, Finished]:
    """Everything the engine says of these requests at their ends."""
    for request in requests:
        engine.add(request, adapter)
    ended: dict[SampleKey, Finished] = {}
    while not engine.idle:
        ended |= {event.completion.key: event for event in engine.step() if isinstance(event, Finished)}
    return ended


def answers(engine: Engine, requests: Iterable[Request], adapter: str | None = None) -> list[Completion]:
    """The completions, in SampleKey order."""
    ended = finish_all(engine, requests, adapter)
    return [ended[name].completion for name in sorted(ended)]


def learnt(base: Base, seed: int = 5, rank: int = 4, size: float = 0.2) -> Adapter:
    """An adapter that changes something."""
    adapter = Adapter.fresh(base.routing.targets, rank, 8.0, seed)
    draws = torch.Generator().manual_seed(seed)
    for factors in adapter.factors.values():
        factors.b_Or.data.normal_(0, size, generator=draws)
    return adapter


def plain_logps(base: Base, model: Any, completion: Completion) -> list[float]:
    """What a model called as transformers means it says of an answer, place by place, under the constraint's masks."""
    ids = torch.tensor([[*completion.prompt_ids, *completion.output_ids]])
    with torch.no_grad():
        logits_PV = model(input_ids=ids, use_cache=False).logits[0, len(completion.prompt_ids) - 1 : -1].float()
    constraint = base.constraints.named(completion.constraint or "")
    sets = list(constraint.replay(completion.prompt_ids, completion.output_ids))
    scaled_PV = (logits_PV / (completion.temperature or 1.0)).masked_fill(~base.vocabulary.flags(sets), -torch.inf)
    return torch.log_softmax(scaled_PV, -1)[torch.arange(len(sets)), ids[0, len(completion.prompt_ids) :]].tolist()


def example(completion: Completion, advantage: float = 1.0) -> Example:
    """To learn from an answer."""
    return Example(
        key=completion.key,
        prompt_ids=completion.prompt_ids,
        output_ids=completion.output_ids,
        weight=array("d", [float(source == Source.SAMPLED) for source in completion.source]),
        old_logp=completion.logprobs,
        advantage=array("d", [advantage]) * len(completion.output_ids),
        ref_logp=None,
        constraint=completion.constraint,
        temperature=completion.temperature,
    )
