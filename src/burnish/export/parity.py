"""Whether exported weights say what the served model says: log-probs of the same answers, token by token.

The served side is the engine that answers requests, with base and adapter apart; the exported side is plain
transformers on the files that were written.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from burnish.core.rollout import Completion, SampleKey
from burnish.export.rewards import Rewards
from burnish.policy.engine import Engine
from burnish.policy.load import Base
from burnish.policy.roles import Request

MOST_TOKENS = 64
"""Of each answer."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison, over all tokens of all answers."""

    answers: int
    tokens: int
    largest: float
    """Largest difference of a token's log-prob, in nats."""
    mean: float
    rewards: Rewards | None = None
    """Of the same questions; None where they were not graded."""
    ungraded: str | None = None
    """Why they were not, where a grader could not run."""


def served_answers(
    base: Base, adapter: Path | None, prompts: Sequence["array[int]"], response_schema: str | None
) -> list[Completion]:
    """The likeliest answer to each prompt, as the served model gives it."""
    engine = Engine(base)
    name = None
    if adapter is not None:
        name = "exported"
        engine.attach(name, adapter)
    for line, prompt_ids in enumerate(prompts):
        key = SampleKey("export", "valid", 0, line, 0)
        engine.add(Request(key, prompt_ids, MOST_TOKENS, MOST_TOKENS // 2, response_schema, temperature=0.0), name)
    return engine.completions()


def compare(base: Base, answers: Sequence[Completion], directory: Path) -> Parity:
    """What transformers' own model, read from a directory, says of the same answers under the same masks."""
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    gaps = [gap for answer in answers for gap in _gaps(base, model, answer)]
    return Parity(len(answers), len(gaps), max(gaps, default=0.0), sum(gaps) / max(len(gaps), 1))


def _gaps(base: Base, model: torch.nn.Module, answer: Completion) -> list[float]:
    ids = torch.tensor([[*answer.prompt_ids, *answer.output_ids]])
    with torch.no_grad():
        logits_PV = model(input_ids=ids, use_cache=False).logits[0, len(answer.prompt_ids) - 1 : -1].float()
    constraint = base.constraints.named(answer.constraint or "")
    sets = list(constraint.replay(answer.prompt_ids, answer.output_ids))
    allowed_PV = base.vocabulary.flags(sets)
    logp_PV = torch.log_softmax(logits_PV.masked_fill(~allowed_PV, -torch.inf), dim=-1)
    theirs = logp_PV[torch.arange(len(sets)), ids[0, len(answer.prompt_ids) :]].tolist()
    return [abs(mine - other) for mine, other in zip(answer.logprobs, theirs, strict=True)]
