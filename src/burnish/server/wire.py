"""Records to JSON as OpenAI's API shows them; the only place that knows both, and only outwards."""

from collections.abc import Mapping
from typing import Any

from burnish.core.records import (
    Checkpoint,
    Event,
    Exchange,
    Job,
    JobError,
    Permission,
    StoredFile,
    TunedModel,
    Upload,
    UploadPart,
)
from burnish.core.rollout import Grade, TokenUsage
from burnish.grade.flags import all_notes, errors

Json = Any

MASKED = "**********"


def job(record: Job, organization: str) -> dict[str, Json]:
    """A `fine_tuning.job`."""
    return {
        "object": "fine_tuning.job",
        "id": record.id,
        "model": record.model,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "fine_tuned_model": record.fine_tuned_model,
        "organization_id": organization,
        "result_files": list(record.result_files),
        "status": record.status.value,
        "validation_file": record.validation_file,
        "training_file": record.training_file,
        "hyperparameters": None,  # a supervised job's; the official client wants the key
        "trained_tokens": record.trained_tokens,
        "error": _error(record.error),
        "user_provided_suffix": record.suffix,
        "seed": record.seed,
        "estimated_finish": record.estimated_finish,
        "integrations": [_integration(each, record.id) for each in record.request.get("integrations") or ()],
        "method": _method(record),
        "metadata": record.metadata,
        "usage_metrics": record.usage_metrics,
        "eval_id": record.eval_id,
        "train_eval_id": record.train_eval_id,
        "shared_with_openai": False,
    }


def _error(error: JobError | None) -> dict[str, Json]:
    """User code reads `job.error.code` without asking whether there is an error."""
    if error is None:
        return {"code": None, "message": None, "param": None}
    return {"code": error.code, "message": error.message, "param": error.param}


def _integration(sent: Mapping[str, Json], job_id: str) -> dict[str, Json]:
    return {"type": sent["type"], "wandb": {**sent["wandb"], "run_id": job_id}}


def _method(record: Job) -> dict[str, Json]:
    reinforcement = record.request["method"]["reinforcement"]
    return {
        "type": "reinforcement",
        "reinforcement": {
            "hyperparameters": dict(record.hyperparameters),
            "grader": grader(reinforcement["grader"]),
            "response_format": _response_format(reinforcement["response_format"]),
        },
    }


def grader(spec: Json) -> Json:
    """A grader as it was sent: without the keys that are unset, and with an endpoint's headers masked."""
    if isinstance(spec, Mapping):
        shown = {key: grader(value) for key, value in spec.items() if value is not None}
        if spec.get("type") == "endpoint" and "headers" in shown:
            shown["headers"] = dict.fromkeys(shown["headers"], MASKED)
        return shown
    if isinstance(spec, list):
        return [grader(each) for each in spec]
    return spec


def _response_format(sent: Mapping[str, Json] | None) -> dict[str, Json] | None:
    if sent is None or "json_schema" not in sent:
        return dict(sent) if sent is not None else None
    named = {key: value for key, value in sent["json_schema"].items() if value is not None}
    return {**sent, "json_schema": named}


def event(record: Event) -> dict[str, Json]:
    """A `fine_tuning.job.event`."""
    return {
        "object": "fine_tuning.job.event",
        "id": record.id,
        "created_at": record.created_at,
        "level": record.level,
        "message": record.message,
        "type": record.type,
        "data": record.data,
    }


def checkpoint(record: Checkpoint) -> dict[str, Json]:
    """A `fine_tuning.job.checkpoint`."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": record.id,
        "created_at": record.created_at,
        "fine_tuned_model_checkpoint": record.model,
        "step_number": record.step,
        "fine_tuning_job_id": record.job_id,
        "metrics": dict(record.metrics),
    }


def permission(record: Permission) -> dict[str, Json]:
    """A `checkpoint.permission`."""
    return {
        "object": "checkpoint.permission",
        "id": record.id,
        "created_at": record.created_at,
        "project_id": record.project,
    }


def file(record: StoredFile) -> dict[str, Json]:
    """A `file`; always processed, for contents are checked by the job that uses them."""
    return {
        "object": "file",
        "id": record.id,
        "bytes": record.bytes,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": "processed",
        "status_details": None,
    }


def upload(record: Upload, made: StoredFile | None = None) -> dict[str, Json]:
    """An `upload`, with the file that it became."""
    return {
        "object": "upload",
        "id": record.id,
        "bytes": record.bytes,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": record.status,
        "file": file(made) if made is not None else None,
    }


def upload_part(record: UploadPart) -> dict[str, Json]:
    """An `upload.part`."""
    return {
        "object": "upload.part",
        "id": record.id,
        "created_at": record.created_at,
        "upload_id": record.upload_id,
    }


def grade(record: Grade) -> dict[str, Json]:
    """What graders/run answers. A grade without a score is a 0 with its flag, as OpenAI documents.

    `sub_rewards` and `scores` are empty where there are no parts; the first has a 0 for a part without a score, the
    second null. `metadata.notes`, ours, is there only where there are any.
    """
    usage = {model: _usage(used) for model, used in record.usage.items()}
    notes = all_notes(record)
    return {
        "reward": record.score or 0.0,
        "metadata": {
            "name": record.name,
            "type": record.type,
            "errors": errors(record),
            "execution_time": record.seconds,
            "scores": {key: part.score for key, part in record.parts.items()},
            "token_usage": _total(usage),
            "sampled_model_name": record.model,
            **({"notes": notes} if notes else {}),
        },
        "sub_rewards": {key: part.score or 0.0 for key, part in record.parts.items()},
        "model_grader_token_usage_per_model": usage,
    }


def _usage(used: TokenUsage) -> dict[str, int]:
    return {
        "prompt_tokens": used.prompt_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
        "completion_tokens": used.completion_tokens,
        "cached_tokens": used.cached_tokens,
    }


def _total(usage: Mapping[str, Mapping[str, int]]) -> dict[str, int] | None:
    """Over all judge models; None where none was asked."""
    if not usage:
        return None
    kinds = ("prompt_tokens", "total_tokens", "completion_tokens", "cached_tokens")
    return {kind: sum(used[kind] for used in usage.values()) for kind in kinds}


EMBEDS = {"embeds": True}
"""What a `model` has beside the rest where it makes embeddings, and no answers."""


def base_model(name: str, owner: str) -> dict[str, Json]:
    """A `model` that the settings name."""
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}


def alias(name: str, target: str, owner: str) -> dict[str, Json]:
    """A `model` that is another's name; `alias_of` says which."""
    return base_model(name, owner) | {"alias_of": target}


def tuned_model(record: TunedModel, owner: str) -> dict[str, Json]:
    """A `model` that a job has published."""
    return {"id": record.name, "object": "model", "created": record.created_at, "owned_by": owner}


def stored_completion(record: Exchange) -> dict[str, Json]:
    """A `chat.completion` that was kept: as it was answered, with what of the request OpenAI shows beside it."""
    asked = ("temperature", "top_p", "seed", "response_format", "tools", "tool_choice", "service_tier")
    return {
        **record.answer,
        "request_id": None,
        "input_user": record.request.get("user"),
        **{name: record.request.get(name) for name in asked},
        "metadata": dict(record.metadata or {}),
    }


def stored_messages(record: Exchange) -> list[dict[str, Json]]:
    """The messages of a stored completion, each with an id."""
    found = []
    for place, message in enumerate(record.request["messages"]):
        content = message.get("content")
        parts = content if isinstance(content, list) else None
        text = "".join(part.get("text", "") for part in parts) if parts is not None else content
        shown = {**message, "id": f"{record.id}-{place}", "content": text, "content_parts": parts}
        found.append({"name": None, **shown})
    return found


def deleted(name: str, kind: str) -> dict[str, Json]:
    """What DELETE answers."""
    return {"id": name, "object": kind, "deleted": True}
