"""What a step's event says: OpenAI's names and shapes, then ours under `burnish`.

The names are those of the guide's metrics appendix; every `_count` is a float there, so it is here. `train_` and
`valid_` fields are made by the same code; `valid_` ones are missing on steps without a validation pass.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish.core.errors import JobFailure
from burnish.core.rollout import Fault, Grade, Group, Rollout, Source
from burnish.spec.grader import GraderSpec, MultiSpec
from burnish.work.clock import Clock
from burnish.work.cost import Tariff
from burnish.work.learner import Lesson
from burnish.work.usage import used_by

_ALWAYS = (Fault.SAMPLE_PARSE, Fault.INVALID_VARIABLE, Fault.OTHER)
_OF_JUDGES = (Fault.MODEL_SERVER, Fault.MODEL_REFUSAL, Fault.MODEL_PARSE)
_BY_TYPE = {
    "python": (Fault.PYTHON_SERVER, Fault.PYTHON_RUNTIME, Fault.UNRESPONSIVE),
    "score_model": _OF_JUDGES,
    "label_model": _OF_JUDGES,
    "text_similarity": (Fault.MODEL_SERVER,),  # of the embedder, for cosine
    "multi": (Fault.FORMULA_PARSE,),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A grader that gives scores of its own: the job's grader, or each child of its multi grader."""

    key: str | None
    """The child's key; None where the grader stands alone."""
    name: str
    type: str
    model: str | None


def leaves_of(spec: GraderSpec) -> tuple[Leaf, ...]:
    """The leaves of a job's grader; a child without a name goes by its key."""
    if isinstance(spec, MultiSpec):
        return tuple(_leaf(key, child) for key, child in spec.graders.items())
    return (_leaf(None, spec),)


def whole_of(spec: GraderSpec) -> Leaf | None:
    """The multi grader itself, whose formula has faults of its own; None where there is none."""
    return _leaf(None, spec) if isinstance(spec, MultiSpec) else None


def _leaf(key: str | None, spec: GraderSpec) -> Leaf:
    return Leaf(key, spec.name or key or spec.type, spec.type, getattr(spec, "model", None))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Makes the events' data and texts, for one job's graders."""

    leaves: Sequence[Leaf]
    total_steps: int
    whole: Leaf | None = None
    """The multi grader around the leaves: last among the errors, and nowhere else."""
    tariff: Tariff = field(default_factory=Tariff)

    def baseline(self, groups: Sequence[Group]) -> dict[str, Any]:
        """The validation pass before any update. Raises `JobFailure` as `step` does."""
        rollouts = _rollouts(groups)
        values = {
            "step": 0,
            "total_steps": self.total_steps,
            "scores": {
                "valid_reward_mean": _reward_mean(rollouts),
                "graders": [
                    _named(leaf, {"valid_reward_mean": self._score_mean(leaf, rollouts)}) for leaf in self.leaves
                ],
            },
            "full_valid_mean_reward": _reward_mean(rollouts),
            "valid_reasoning_tokens_mean": _mean(_reasoning(rollouts)),
        }
        _check_finite(values)
        return values

    def baseline_message(self, groups: Sequence[Group]) -> str:
        """The same in words."""
        mean = _reward_mean(_rollouts(groups))
        return f"Step 0/{self.total_steps} , before any update: full validation mean reward={mean:.2f}"

    def step(
        self, step: int, groups: Sequence[Group], validation: Sequence[Group] | None, lesson: Lesson, clock: Clock
    ) -> dict[str, Any]:
        """The data of a step's metrics event. Raises `JobFailure` where a figure is not a finite number."""
        train = _rollouts(groups)
        passes = {"train": train} if validation is None else {"train": train, "valid": _rollouts(validation)}
        values: dict[str, Any] = {
            "step": step,
            "total_steps": self.total_steps,
            "scores": {
                **{f"{name}_reward_mean": _reward_mean(rollouts) for name, rollouts in passes.items()},
                "graders": [self._scores(leaf, passes) for leaf in self.leaves],
            },
            "usage": {
                "graders": [self._usage(leaf, passes) for leaf in self.leaves if leaf.model is not None],
                "samples": _each(passes, lambda rollouts: _mean_and_count("reasoning_tokens", _reasoning(rollouts))),
            },
            "errors": {"graders": [self._errors(leaf, passes) for leaf in (*self.leaves, self.whole) if leaf]},
            "timing": {
                "step": {
                    "eval": clock.seconds["eval"],
                    "sampling": clock.seconds["sampling"],
                    "training": clock.seconds["training"],
                    "full_iteration": clock.elapsed,
                },
                "graders": [self._latency(leaf, passes) for leaf in self.leaves],
            },
            "train_mean_reward": _reward_mean(train),
            "mean_unresponsive_rewards": _mean(float(rollout.ungraded is not None) for rollout in train),
            "reasoning_tokens_mean": _mean(_reasoning(train)),
            "completion_tokens_mean": _mean(_tokens(train)),
            "model_graders_token_usage": self._usage_by_model(passes),
            "burnish": _ours(train, lesson, clock) | self._bill(groups, validation or [], lesson, clock),
        }
        if validation is not None:
            values["full_valid_mean_reward"] = _reward_mean(passes["valid"])
            values["full_valid_mean_parse_error"] = self._parse_errors(passes["valid"])
            values["valid_reasoning_tokens_mean"] = _mean(_reasoning(passes["valid"]))
        _check_finite(values)
        return values

    def message(self, values: dict[str, Any]) -> str:
        """The text of a step's metrics event, odd space before the comma included: clients parse it."""
        text = f"Step {values['step']}/{values['total_steps']} , train mean reward={values['train_mean_reward']:.2f}"
        if "full_valid_mean_reward" in values:
            text += f", full validation mean reward={values['full_valid_mean_reward']:.2f}"
            text += f", full validation mean parse error={values['full_valid_mean_parse_error']:.2f}"
        return text

    def _scores(self, leaf: Leaf, passes: dict[str, list[Rollout]]) -> dict[str, Any]:
        return _named(
            leaf, {f"{name}_reward_mean": self._score_mean(leaf, rollouts) for name, rollouts in passes.items()}
        )

    def _score_mean(self, leaf: Leaf, rollouts: Sequence[Rollout]) -> float:
        return _mean(grade.score for grade in self._grades(leaf, rollouts) if grade.score is not None)

    def _errors(self, leaf: Leaf, passes: dict[str, list[Rollout]]) -> dict[str, Any]:
        faults = _ALWAYS + _BY_TYPE.get(leaf.type, ())

        def count(rollouts: list[Rollout]) -> dict[str, float]:
            grades = self._grades(leaf, rollouts)
            found: dict[str, float] = {}
            for fault in faults:
                hits = [float(any(note.fault is fault for note in grade.faults)) for grade in grades]
                if fault is Fault.SAMPLE_PARSE:
                    hits += [float(rollout.ungraded is Fault.SAMPLE_PARSE) for rollout in rollouts if rollout.ungraded]
                found |= _mean_and_count(fault.value, hits)
            return found

        return _named(leaf, _each(passes, count))

    def _usage(self, leaf: Leaf, passes: dict[str, list[Rollout]]) -> dict[str, Any]:
        def count(rollouts: list[Rollout]) -> dict[str, float]:
            used = [usage for grade in self._grades(leaf, rollouts) for usage in grade.usage.values()]
            return {
                **_mean_and_count("prompt_tokens", [float(usage.prompt_tokens) for usage in used]),
                **_mean_and_count("completion_tokens", [float(usage.completion_tokens) for usage in used]),
            }

        return _named(leaf, {"model": leaf.model, **_each(passes, count)})

    def _usage_by_model(self, passes: dict[str, list[Rollout]]) -> dict[str, dict[str, int]]:
        totals: dict[str, dict[str, int]] = {}
        for name, rollouts in passes.items():
            prefix = "eval" if name == "valid" else name
            for rollout in rollouts:
                for model, usage in rollout.grade.usage.items() if rollout.grade else ():
                    total = totals.setdefault(model, {})
                    for kind in ("prompt", "completion", "cached"):
                        field = f"{prefix}_{kind}_tokens"
                        total[field] = total.get(field, 0) + getattr(usage, f"{kind}_tokens")
        return totals

    def _latency(self, leaf: Leaf, passes: dict[str, list[Rollout]]) -> dict[str, Any]:
        return _named(
            leaf,
            {
                f"{name}_execution_latency_mean": _mean(grade.seconds for grade in self._grades(leaf, rollouts))
                for name, rollouts in passes.items()
            },
        )

    def _bill(
        self, groups: Sequence[Group], validation: Sequence[Group], lesson: Lesson, clock: Clock
    ) -> dict[str, float]:
        used = used_by(groups, validation, lesson.trained_tokens, clock)
        cost = self.tariff.cost(used)
        return {
            "cost_usd": cost.total_usd,
            "judges_usd": cost.all_judges_usd,
            "python_grader_seconds": used.python_seconds,
        }

    def _parse_errors(self, rollouts: Sequence[Rollout]) -> float:
        """Share of answers that the grader could not read."""
        return _mean(float(_has_fault(rollout, Fault.SAMPLE_PARSE)) for rollout in rollouts)

    def _grades(self, leaf: Leaf, rollouts: Sequence[Rollout]) -> list[Grade]:
        """This leaf's grades of the answers that were graded."""
        grades = [rollout.grade for rollout in rollouts if rollout.grade is not None]
        if leaf.key is None:
            return grades
        return [grade.parts[leaf.key] for grade in grades if leaf.key in grade.parts]


def of_checkpoint(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint's `metrics` keep of a validated step's data."""
    kept = ("step", "train_mean_reward", "full_valid_mean_reward", "completion_tokens_mean", "reasoning_tokens_mean")
    return {name: values[name] for name in kept}


def _check_finite(values: Mapping[str, Any]) -> None:
    """No row, no JSON and no plot takes NaN or infinity; what gave one has gone wrong for good."""
    odd = [f"{path} is {value}" for path, value in _numbers("", values) if not math.isfinite(value)]
    if odd:
        message = (
            f"Step {values['step']} cannot be written down, for its metrics are not all finite numbers: "
            f"{', '.join(odd[:5])}{' and more' if len(odd) > 5 else ''}. A learning rate that is too high makes such "
            "weights; a reward that is none comes from a grader."
        )
        raise JobFailure(message, code="server_error")


def _numbers(path: str, value: Any) -> Iterator[tuple[str, float]]:
    """Every number below, by its path; an entry of a list goes by its name."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _numbers(f"{path}.{key}" if path else key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(f"{path}[{each['name']}]", each)
    elif isinstance(value, float | int):
        yield path, value


def _ours(train: Sequence[Rollout], lesson: Lesson, clock: Clock) -> dict[str, float]:
    """What OpenAI never showed: how the update went."""
    loss, step = lesson.loss, lesson.step
    tokens = max(1, loss.tokens) if loss else 1
    completions = [completion for rollout in train for completion in rollout.turns]
    return {
        "samples": float(len(train)),
        "groups": float(lesson.groups),
        "groups_without_variance": float(lesson.without_variance),
        "groups_too_small": float(lesson.too_small),
        "left_out_samples": float(sum(rollout.reward is None for rollout in train)),
        "truncated_mean": _mean(float(rollout.ungraded is Fault.TRUNCATED) for rollout in train),
        "sampled_tokens": float(sum(len(completion.output_ids) for completion in completions)),
        "forced_tokens": float(sum(source != Source.SAMPLED for each in completions for source in each.source)),
        "allowed_mass_mean": _mean(
            mass
            for completion in completions
            for mass, source in zip(completion.allowed_mass, completion.source, strict=True)
            if source == Source.SAMPLED
        ),
        "trained_tokens": float(lesson.trained_tokens),
        "learning_rate": lesson.learning_rate,
        "loss": loss.loss if loss else 0.0,
        "grad_norm": step.grad_norm if step else 0.0,
        "kl_mean": loss.kl / tokens if loss else 0.0,
        "entropy_mean": loss.entropy / tokens if loss else 0.0,
        "clipped_mean": loss.clipped / tokens if loss else 0.0,
        "logp_gap_max": loss.logp_gap_max if loss else 0.0,
        "logp_gap_mean": loss.logp_gap_sum / tokens if loss else 0.0,
        "grading_seconds": clock.seconds["grading"],
    }


def _rollouts(groups: Iterable[Group]) -> list[Rollout]:
    return [rollout for group in groups for rollout in group.rollouts]


def _reward_mean(rollouts: Iterable[Rollout]) -> float:
    """Mean reward; ungradable answers count with the reward they were given, left-out ones not at all."""
    return _mean(rollout.reward for rollout in rollouts if rollout.reward is not None)


def _reasoning(rollouts: Iterable[Rollout]) -> list[float]:
    return [float(sum(completion.reasoning_tokens for completion in rollout.turns)) for rollout in rollouts]


def _tokens(rollouts: Iterable[Rollout]) -> list[float]:
    return [float(sum(len(completion.output_ids) for completion in rollout.turns)) for rollout in rollouts]


def _has_fault(rollout: Rollout, fault: Fault) -> bool:
    if rollout.ungraded is not None or rollout.grade is None:
        return rollout.ungraded is fault
    grades = [rollout.grade, *rollout.grade.parts.values()]
    return any(note.fault is fault for grade in grades for note in grade.faults)


def _named(leaf: Leaf, values: dict[str, Any]) -> dict[str, Any]:
    return {"name": leaf.name, "type": leaf.type, **values}


def _each(passes: dict[str, list[Rollout]], measure: Callable[[list[Rollout]], dict[str, float]]) -> dict[str, float]:
    return {f"{name}_{key}": value for name, rollouts in passes.items() for key, value in measure(rollouts).items()}


def _mean_and_count(name: str, values: Sequence[float]) -> dict[str, float]:
    return {f"{name}_mean": _mean(values), f"{name}_count": math.fsum(values)}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found) if found else 0.0
