"""Evals, runs and output items as OpenAI's API shows them."""

from collections.abc import Mapping
from typing import Any

from burnish.core.evaluation import Count, Eval, EvalItem, EvalRun, ModelUse
from burnish.server import wire

Json = Any

_SAMPLE = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "output_text": {"type": "string"},
        "output_json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
        "output_tools": {"type": "array", "items": {"type": "object"}},
        "choices": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["output_text"],
}
"""What of an answer criteria may refer to, as a JSON schema."""


def evaluation(record: Eval) -> dict[str, Json]:
    """An `eval`."""
    shown = {
        "object": "eval",
        "id": record.id,
        "name": record.name,
        "data_source_config": _config(record.data_source_config),
        "testing_criteria": [wire.grader(criterion) for criterion in record.testing_criteria],
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "metadata": dict(record.metadata or {}),
    }
    return shown if record.job_id is None else {**shown, "fine_tuning_job_id": record.job_id, "phase": record.phase}


def _config(config: Mapping[str, Json]) -> dict[str, Json]:
    """With the schema of what criteria see, in place of what was sent."""
    is_custom = config["type"] == "custom"
    properties = {"item": config["item_schema"] if is_custom else {"type": "object"}}
    if not is_custom or config["include_sample_schema"]:
        properties["sample"] = _SAMPLE
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    shown = {"type": config["type"], "schema": schema}
    return shown if is_custom else shown | {"metadata": config.get("metadata")}


def run(record: EvalRun) -> dict[str, Json]:
    """An `eval.run`."""
    tally = record.tally
    return {
        "object": "eval.run",
        "id": record.id,
        "eval_id": record.eval_id,
        "report_url": f"/evals/{record.eval_id}/runs/{record.id}",
        "status": record.status.value,
        "model": record.model,
        "name": record.name,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "result_counts": {
            "total": tally.total,
            "errored": tally.errored,
            "failed": tally.failed,
            "passed": tally.passed,
        },
        "per_model_usage": [_use(model, use) for model, use in record.usage.items()],
        "per_testing_criteria_results": [_count(name, count) for name, count in record.criteria.items()],
        "data_source": dict(record.data_source),
        "error": {"code": record.error.code, "message": record.error.message} if record.error else None,
        "metadata": dict(record.metadata or {}),
    }


def _use(model: str, use: ModelUse) -> dict[str, Json]:
    tokens = use.tokens
    return {
        "model_name": model,
        "invocation_count": use.invocations,
        "prompt_tokens": tokens.prompt_tokens,
        "completion_tokens": tokens.completion_tokens,
        "total_tokens": tokens.prompt_tokens + tokens.completion_tokens,
        "cached_tokens": tokens.cached_tokens,
    }


def _count(name: str, count: Count) -> dict[str, Json]:
    return {"testing_criteria": name, "passed": count.passed, "failed": count.failed}


def item(record: EvalItem, eval_id: str) -> dict[str, Json]:
    """An `eval.run.output_item`."""
    return {
        "object": "eval.run.output_item",
        "id": record.id,
        "created_at": record.created_at,
        "run_id": record.run_id,
        "eval_id": eval_id,
        "status": record.status,
        "datasource_item_id": record.row,
        "datasource_item": dict(record.item),
        "results": [dict(result) for result in record.results],
        "sample": dict(record.sample),
    }
