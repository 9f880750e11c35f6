"""Credited groups into the sequences that a trainer learns from."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace

from burnish.core.rollout import Completion, Example, Source
from burnish.learn.advantage import Credit


def examples_of(credits: Iterable[Credit]) -> tuple[Example, ...]:
    """One example per turn of every counted rollout, in SampleKey order; all turns share the rollout's advantage.

    A token weighs 1 if it was sampled from at least two allowed ones, else 0. Turns without such a token are left out.
    Ours: docs/engine.md, constraints.
    """
    examples = [
        example
        for credit in credits
        for rollout, advantage in zip(credit.group.counted, credit.advantages, strict=True)
        for turn in rollout.turns
        if any((example := _example(turn, advantage)).weight)
    ]
    return tuple(sorted(examples, key=lambda example: example.key))


def with_reference(examples: Sequence[Example], ref_logps: "Sequence[array[float]]") -> tuple[Example, ...]:
    """The examples with the reference's log-probs, as `Trainer.forward(..., reference=True)` gives them. Ours."""
    return tuple(replace(example, ref_logp=logp) for example, logp in zip(examples, ref_logps, strict=True))


def _example(turn: Completion, advantage: float) -> Example:
    return Example(
        key=turn.key,
        prompt_ids=turn.prompt_ids,
        output_ids=turn.output_ids,
        weight=array("d", [float(source == Source.SAMPLED) for source in turn.source]),
        old_logp=turn.logprobs,
        advantage=array("d", [advantage]) * len(turn.output_ids),
        ref_logp=None,
        constraint=turn.constraint,
        temperature=turn.temperature,
    )
