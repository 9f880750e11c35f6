"""What other servers send, as records of ours that nobody works on any more."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from burnish.arrive import shapes
from burnish.core.errors import NotGiven
from burnish.core.evaluation import Count, Eval, EvalItem, EvalRun, ModelUse, RunStatus, Tally, Verdict
from burnish.core.job import JobStatus
from burnish.core.records import Checkpoint, Event, Job, JobError, StoredFile
from burnish.core.rollout import Phase, TokenUsage
from burnish.spec.grader import GraderSpec

Json = Any
_SPEC: TypeAdapter[GraderSpec] = TypeAdapter(GraderSpec)
_LEDGER = {"tokens", "cost", "seconds", "budget"}
_PHASES: Mapping[str | None, Phase] = {"valid": "valid", "train": "train"}
_VERDICTS: Mapping[str, Verdict] = {"pass": "pass", "fail": "fail"}
_LEVELS: Mapping[str, Literal["info", "warn", "error"]] = {"info": "info", "warn": "warn", "error": "error"}


def file(sent: shapes.File, size: int, project: str) -> StoredFile:
    """A file of so many bytes."""
    return StoredFile(
        id=sent.id,
        bytes=size,
        created_at=sent.created_at,
        filename=sent.filename,
        purpose=sent.purpose,
        project=project,
        expires_at=sent.expires_at,
    )


def job(sent: shapes.Job, project: str) -> Job:
    """A job that has ended. Raises `NotGiven` for one that has not, or that is none of reinforcement."""
    kind = sent.method.get("type", "supervised")
    reinforcement = sent.method.get("reinforcement")
    if kind != "reinforcement" or not isinstance(reinforcement, Mapping) or "grader" not in reinforcement:
        raise NotGiven(f"Its method is '{kind}'; here there is none but 'reinforcement', with a grader.")
    status = _ended(sent.status, {each.value: each for each in JobStatus if each.is_final})
    hyperparameters = reinforcement.get("hyperparameters") or {}
    return Job(
        id=sent.id,
        created_at=sent.created_at,
        status=status,
        model=sent.model,
        request=_request(sent, reinforcement, hyperparameters),
        seed=sent.seed,
        training_file=sent.training_file,
        validation_file=sent.validation_file,
        suffix=sent.user_provided_suffix,
        metadata=sent.metadata,
        project=project,
        hyperparameters=hyperparameters,
        finished_at=sent.finished_at,
        fine_tuned_model=sent.fine_tuned_model,
        trained_tokens=sent.trained_tokens,
        error=_error(sent.error),
        result_files=tuple(sent.result_files),
        usage_metrics=sent.usage_metrics if is_ledger(sent.usage_metrics) else None,
        eval_id=sent.eval_id,
        train_eval_id=sent.train_eval_id,
    )


def is_ledger(usage: Json) -> bool:
    """Whether a job's usage is of the shape that jobs have here; OpenAI documents none."""
    return isinstance(usage, Mapping) and usage.keys() >= _LEDGER


def _ended(status: str, final: Mapping[str, Json]) -> Json:
    if status not in final:
        raise NotGiven(f"It is '{status}' there, which is no end; import again once it has ended.")
    return final[status]


def _request(
    sent: shapes.Job, reinforcement: Mapping[str, Json], hyperparameters: Mapping[str, Json]
) -> dict[str, Json]:
    """The body that would make such a job."""
    return {
        "model": sent.model,
        "training_file": sent.training_file,
        "validation_file": sent.validation_file,
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": reinforcement["grader"],
                "hyperparameters": dict(hyperparameters),
                "response_format": reinforcement.get("response_format"),
            },
        },
        "suffix": sent.user_provided_suffix,
        "seed": sent.seed,
        "metadata": sent.metadata,
        "integrations": [
            each
            for each in sent.integrations or ()
            if each.get("type") == "wandb" and isinstance(each.get("wandb"), dict)
        ],
    }


def _error(sent: shapes.Error | None) -> JobError | None:
    if sent is None or (sent.code is None and sent.message is None):
        return None
    return JobError(sent.code or "server_error", sent.message or "", sent.param)


def event(sent: shapes.Event, job_id: str, number: int) -> Event:
    """An event, the so-manieth of its job."""
    return Event(
        id=sent.id,
        job_id=job_id,
        number=number,
        created_at=sent.created_at,
        level=_LEVELS.get(sent.level, "warn"),
        message=sent.message,
        type="metrics" if sent.type == "metrics" else "message",
        data=sent.data,
    )


def checkpoint(sent: shapes.Checkpoint, job_id: str) -> Checkpoint:
    """A checkpoint, whose weights stay where they are."""
    return Checkpoint(
        id=sent.id,
        job_id=job_id,
        created_at=sent.created_at,
        step=sent.step_number,
        model=sent.fine_tuned_model_checkpoint,
        metrics=sent.metrics,
    )


def evaluation(sent: shapes.Eval, project: str) -> Eval:
    """An eval. Raises `NotGiven` for one whose data source is of no known kind."""
    return Eval(
        id=sent.id,
        created_at=sent.created_at,
        updated_at=sent.updated_at or sent.created_at,
        name=sent.name or "Unnamed eval",
        project=project,
        data_source_config=_config(sent.data_source_config),
        testing_criteria=tuple(_criterion(sent.id, place, each) for place, each in enumerate(sent.testing_criteria)),
        metadata=sent.metadata,
        job_id=sent.fine_tuning_job_id if sent.phase in _PHASES else None,
        phase=_PHASES.get(sent.phase) if sent.fine_tuning_job_id is not None else None,
    )


def _config(shown: Mapping[str, Json]) -> dict[str, Json]:
    """The config that was sent, from the one that is shown in its place."""
    kind = shown.get("type")
    if kind in ("logs", "stored_completions"):
        return {"type": kind, "metadata": shown.get("metadata")}
    if kind != "custom":
        raise NotGiven(f"Its data source is of the kind '{kind}'; known are custom, logs and stored_completions.")
    schema = shown.get("schema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    found = properties if isinstance(properties, Mapping) else {}
    item = found.get("item")
    return {
        "type": "custom",
        "item_schema": item if isinstance(item, Mapping) else {"type": "object"},
        "include_sample_schema": "sample" in found,
    }


def _criterion(eval_id: str, place: int, shown: Mapping[str, Json]) -> dict[str, Json]:
    """With the name and the id that every criterion has."""
    name = shown.get("name") or shown.get("type") or "criterion"
    made = f"{name}-{uuid.uuid5(uuid.NAMESPACE_OID, f'{eval_id}/{place}')}"
    return {**shown, "name": name, "id": shown.get("id") or made}


def unfit(graders: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    """Why some of these graders do not run here as they are."""
    for each in graders:
        name = each.get("name") or each.get("type")
        try:
            _SPEC.validate_python({key: value for key, value in each.items() if key != "id"})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            yield f"The grader '{name}' is kept as it is, and does not run here: '{field}': {first['msg']}."
            continue
        if each.get("type") == "endpoint" and each.get("headers"):
            yield f"The headers of the grader '{name}' came masked; its endpoint may refuse them."


def run(sent: shapes.Run, eval_id: str) -> EvalRun:
    """A run that has ended. Raises `NotGiven` for one that has not."""
    counts = sent.result_counts or shapes.Counts()
    source = sent.data_source.get("source")
    error = _error(sent.error)
    return EvalRun(
        id=sent.id,
        eval_id=eval_id,
        created_at=sent.created_at,
        name=sent.name or "Unnamed run",
        status=_ended(sent.status, {each.value: each for each in RunStatus if each.is_final}),
        model=sent.model or None,
        data_source=sent.data_source,
        metadata=sent.metadata,
        tally=Tally(total=counts.total, passed=counts.passed, failed=counts.failed, errored=counts.errored),
        criteria={
            each.testing_criteria: Count(each.passed, each.failed) for each in sent.per_testing_criteria_results or ()
        },
        usage={each.model_name: _use(each) for each in sent.per_model_usage or ()},
        error=error,
        file_id=source.get("id") if isinstance(source, Mapping) and source.get("type") == "file_id" else None,
        started_at=sent.started_at,
        finished_at=sent.finished_at,
    )


def _use(sent: shapes.Usage) -> ModelUse:
    return ModelUse(
        sent.invocation_count,
        TokenUsage(sent.prompt_tokens, sent.completion_tokens, cached_tokens=sent.cached_tokens),
    )


def item(sent: shapes.Item, run_id: str, place: int) -> EvalItem:
    """An item of a run, the so-manieth from 0."""
    return EvalItem(
        id=sent.id,
        run_id=run_id,
        place=place,
        created_at=sent.created_at,
        row=sent.datasource_item_id if sent.datasource_item_id is not None else place,
        status=_VERDICTS.get(sent.status, "error"),
        item=sent.datasource_item,
        results=[_result(each) for each in sent.results or ()],
        sample=sent.sample,
    )


def _result(shown: Mapping[str, Json]) -> dict[str, Json]:
    """With the keys that every result has; one without a score is a 0, as here."""
    score = shown.get("score")
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    return {
        **shown,
        "name": str(shown.get("name") or shown.get("type")),
        "type": shown.get("type"),
        "score": score if is_number else 0.0,
        "passed": bool(shown.get("passed")),
        "sample": shown.get("sample"),
    }
