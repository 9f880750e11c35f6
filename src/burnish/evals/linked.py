"""The evals of a job: its validation passes, and what it learnt from, as runs that show the answers of its steps."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.evaluation import Count, Eval, EvalRun, ModelUse, RunStatus, Tally
from burnish.core.ids import derived_id
from burnish.core.model_name import name_of
from burnish.core.records import Job
from burnish.core.rollout import Phase, TokenUsage
from burnish.evals.criterion import Bar
from burnish.evals.job_items import Judgement, judgement
from burnish.spec.grader import GraderSpec

Json = Any
_TITLES: Mapping[Phase, str] = {"valid": "validation runs", "train": "training rollouts"}


def evals_of(job: Job, grader: GraderSpec) -> list[Eval]:
    """One for each phase, without runs; their ids are those that the job names."""
    sent = grader.model_dump(mode="json", exclude_none=True)
    name = grader.name or grader.type
    criterion = {**sent, "name": name, "id": f"{name}-{uuid.uuid5(uuid.NAMESPACE_OID, job.id)}"}
    return [
        Eval(
            id=eval_id,
            created_at=job.created_at,
            updated_at=job.created_at,
            name=f"Reinforcement Fine Tuning {_TITLES[phase]} for {job.id}",
            project=job.project,
            data_source_config={
                "type": "custom",
                "item_schema": {"type": "object"},
                "include_sample_schema": True,
            },
            testing_criteria=(criterion,),
            metadata=job.metadata,
            job_id=job.id,
            phase=phase,
        )
        for phase, eval_id in _ids(job).items()
        if eval_id is not None
    ]


def eval_id(job_id: str, phase: Phase) -> str:
    """What a new job calls its eval of a phase."""
    return derived_id("eval_", job_id, phase)


def run_of(
    made: Eval, job: Job, organization: str, step: int, lines: Sequence[Mapping[str, Json]], now: float
) -> EvalRun | None:
    """The run of a step, from the lines that the step wrote; None where none is of the eval's phase."""
    bar = Bar.of(made.testing_criteria[0])
    own = [line for line in lines if line["phase"] == made.phase]
    if not own:
        return None
    judged = [judgement(line, bar) for line in own]
    learnt = step if made.phase == "valid" else step - 1  # a step is sampled with the weights of the last
    model = name_of(job, organization, learnt) if learnt else job.model
    file_id = job.training_file if made.phase == "train" else job.validation_file
    return EvalRun(
        id=derived_id("evalrun_", made.id, step),
        eval_id=made.id,
        created_at=int(now),
        name=f"Step {step}",
        status=RunStatus.COMPLETED,
        model=model,
        data_source={
            "type": "completions",
            "model": model,
            "source": {"type": "file_id", "id": file_id},
            "input_messages": {"type": "item_reference", "item_reference": "item.messages"},
        },
        tally=_tally(judged),
        criteria={bar.id: _count(judged)},
        usage={model: _use(own)},
        step=step,
        started_at=int(now),
        finished_at=int(now),
    )


def _ids(job: Job) -> Mapping[Phase, str | None]:
    return {"valid": job.eval_id, "train": job.train_eval_id}


def _tally(judged: Sequence[Judgement]) -> Tally:
    statuses = [each.status for each in judged]
    counts = {name: statuses.count(name) for name in ("pass", "fail", "error")}
    return Tally(len(judged), passed=counts["pass"], failed=counts["fail"], errored=counts["error"])


def _count(judged: Sequence[Judgement]) -> Count:
    passed = sum(bool(each.result["passed"]) for each in judged)
    return Count(passed, len(judged) - passed)


def _use(lines: Sequence[Mapping[str, Json]]) -> ModelUse:
    prompt = sum(line["prompt_tokens"] for line in lines)
    return ModelUse(len(lines), TokenUsage(prompt, sum(len(line["output_ids"]) for line in lines)))
