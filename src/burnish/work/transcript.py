"""The rollouts file: one JSON line per sampled answer, so that every one of them can be looked at."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from burnish.core.rollout import Completion, Grade, Group, SampleKey


def lines(
    step: int,
    groups: Sequence[Group],
    advantages: Mapping[SampleKey, float],
    texts: Callable[[Completion], Sequence[str]],
) -> list[dict[str, Any]]:
    """A line per answer, in key order. Answers that taught nothing have no advantage; `texts` spells out tokens."""
    return [
        {
            "step": step,
            "phase": rollout.key.phase,
            "line": rollout.key.line,
            "sample": rollout.key.sample,
            "reward": rollout.reward,
            "advantage": advantages.get(rollout.key),
            "ungraded": rollout.ungraded,
            "grade": _grade(rollout.grade),
            "text": rollout.sample.text,
            "reasoning": rollout.sample.reasoning,
            "tool_calls": list(rollout.sample.tool_calls),
            "finish": rollout.sample.finish,
            "prompt_tokens": len(rollout.turns[-1].prompt_ids),
            "output_ids": list(rollout.turns[-1].output_ids),
            "logprobs": list(rollout.turns[-1].logprobs),
            "tokens": list(texts(rollout.turns[-1])),
        }
        for group in groups
        for rollout in group.rollouts
    ]


def kept(written: Sequence[Mapping[str, Any]], job_id: str, share: float) -> list[Mapping[str, Any]]:
    """The lines that are kept: all of a validation pass, and of training those to a share of the questions.

    Which questions hangs on job, step and line alone, so that they are the same after a crash.
    """
    return [line for line in written if line["phase"] == "valid" or _draw(job_id, line["step"], line["line"]) < share]


def _draw(*parts: object) -> float:
    """Evenly spread over 0..1, 1 left out."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _grade(grade: Grade | None) -> dict[str, Any] | None:
    if grade is None:
        return None
    return {
        "name": grade.name,
        "type": grade.type,
        "score": grade.score,
        "model": grade.model,
        "said": grade.said,
        "faults": [{"fault": note.fault, "detail": note.detail} for note in grade.faults],
        "parts": {key: _grade(part) for key, part in grade.parts.items()},
    }
