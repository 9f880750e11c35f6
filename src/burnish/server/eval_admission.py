"""What must be true of an eval and of a run before it is created."""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from burnish.core.errors import InvalidRequest
from burnish.core.template import variables
from burnish.evals.item_schema import ItemSchema
from burnish.grade.build import build
from burnish.grade.check import CODE, check_templates
from burnish.grade.judge import check_text_only
from burnish.grade.span import span
from burnish.grade.templates import templates
from burnish.server.admission import refuse_embedder
from burnish.server.desk import Desk
from burnish.spec.eval_run import (
    CompletionsSource,
    FileContent,
    FileId,
    ItemReference,
    ResponsesSource,
    RunRequest,
    StoredRun,
    Template,
)
from burnish.spec.evaluation import CustomConfig, EvalRequest
from burnish.spec.grader import GraderSpec, LabelModelSpec, MultiSpec, ScoreModelSpec
from burnish.spec.items import chat_body
from burnish.spec.response import ResponseRequest
from burnish.spec.schema import check_schema
from burnish.store.files import file_missing

Json = Any
_SCHEMA = "data_source_config.item_schema"


def admit_eval(desk: Desk, body: EvalRequest) -> tuple[dict[str, Json], ...]:
    """The criteria with their ids. Raises `InvalidRequest` for whatever can be known to fail in every run."""
    config = body.data_source_config
    schema = ItemSchema.of(config.item_schema, _SCHEMA) if isinstance(config, CustomConfig) else None
    for place, spec in enumerate(body.testing_criteria):
        param = f"testing_criteria[{place}]"
        build(spec, desk.tools, param=param)
        check_templates(spec, param=param)
        span(spec, param=param)
        _check_judges(desk, spec, param)
        for where, path in _variables(spec):
            complaint = _complaint(path, config, schema)
            if complaint is not None:
                raise InvalidRequest(
                    f"The criterion '{spec.name or spec.type}' refers to '{{{{{path}}}}}', but {complaint}",
                    param=f"{param}.{where}",
                    code=CODE,
                )
    return tuple(_identified(spec) for spec in body.testing_criteria)


def _identified(spec: GraderSpec) -> dict[str, Json]:
    """OpenAI's ids of criteria begin with their names."""
    name = spec.name or spec.type
    sent = spec.model_dump(mode="json", exclude_none=True)
    return {**sent, "name": name, "id": f"{name}-{uuid.uuid4()}"}


def _variables(spec: GraderSpec) -> Iterator[tuple[str, str]]:
    for template in templates(spec):
        for path in variables(template.text):
            yield template.where, path


def _complaint(path: str, config: Any, schema: ItemSchema | None) -> str | None:
    """Why no item of the eval can have a variable; None where one may."""
    namespace = re.split(r"[.\[]", path)[0]
    if schema is None:
        return None
    if namespace == "sample" and not config.include_sample_schema:
        return f"the eval has no samples: set {_SCHEMA.partition('.')[0]}.include_sample_schema to true."
    if namespace == "item" and not schema.may_have(path):
        known = ", ".join(schema.schema.get("properties", {})) or "none"
        return f"the item schema has no such property; it has {known}."
    return None


def _check_judges(desk: Desk, spec: GraderSpec, param: str) -> None:
    """Any model that answers may judge."""
    if isinstance(spec, MultiSpec):
        for key, child in spec.graders.items():
            _check_judges(desk, child, f"{param}.graders.{key}")
    elif isinstance(spec, ScoreModelSpec | LabelModelSpec):
        _check_model(desk, spec.model, f"{param}.model")
        if desk.settings.resolve(spec.model) not in desk.settings.models.remote:
            check_text_only(spec.input, param)


def _check_model(desk: Desk, name: str, param: str) -> None:
    if not desk.is_served(name):
        raise InvalidRequest(
            f"The model '{name}' does not exist here. GET /v1/models lists those that do.",
            param=param,
            code="model_not_found",
        )
    refuse_embedder(desk, name, param)


def admit_run(desk: Desk, config: Mapping[str, Json], body: RunRequest) -> None:
    """Raise `InvalidRequest` for whatever can be known to fail without reading a file."""
    source = body.data_source.source
    match source:
        case FileContent():
            _check_content(config, source)
        case FileId():
            desk.expire()
            if desk.store.files.get(source.id) is None:
                raise file_missing(source.id, "data_source.source.id")
        case StoredRun():
            desk.store.eval_runs.require(source.id)
        case _:
            pass
    if isinstance(body.data_source, CompletionsSource | ResponsesSource):
        _check_sampling(desk, config, body.data_source)


def _check_content(config: Mapping[str, Json], source: FileContent) -> None:
    if config["type"] != "custom":
        return
    schema = ItemSchema.of(config["item_schema"], _SCHEMA)
    for place, row in enumerate(source.content):
        if (complaint := schema.complaint(row.item)) is not None:
            raise InvalidRequest(
                f"Row {place} of the data source is no item of the eval's schema: {complaint}",
                param=f"data_source.source.content[{place}].item",
                code="invalid_eval_item",
            )


def _check_sampling(desk: Desk, config: Mapping[str, Json], data_source: CompletionsSource | ResponsesSource) -> None:
    messages = data_source.input_messages
    are_rows = isinstance(data_source.source, FileContent | FileId)
    if data_source.model is None:
        if are_rows or messages is not None:
            raise _missing("data_source.model", "the model that answers")
        return
    _check_model(desk, data_source.model, "data_source.model")
    if messages is None and are_rows:
        raise _missing("data_source.input_messages", "what the model is asked, a template or an item reference")
    if config["type"] == "custom":
        schema = ItemSchema.of(config["item_schema"], _SCHEMA)
        for where, path in _asked(messages):
            if not path.startswith("item") or not schema.may_have(path):
                raise InvalidRequest(
                    f"'{path}' is no variable of the eval's items.",
                    param=f"data_source.input_messages.{where}",
                    code=CODE,
                )
    _check_format(data_source)


def _missing(param: str, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"Missing required parameter: '{param}': {what}.", param=param, code="missing_required_parameter"
    )


def _asked(messages: Template | ItemReference | None) -> Iterator[tuple[str, str]]:
    """The variables of what is asked, and where each stands."""
    if isinstance(messages, ItemReference):
        yield "item_reference", messages.item_reference.strip("{} ")
    elif messages is not None:
        for place, message in enumerate(messages.template):
            if isinstance(message.content, str):
                for path in variables(message.content):
                    yield f"template[{place}].content", path


def _check_format(data_source: CompletionsSource | ResponsesSource) -> None:
    """Raise `InvalidRequest` for tools and formats that chat would refuse for every row."""
    params = data_source.sampling_params
    if params is None:
        return
    format_ = getattr(params, "response_format", None)
    if isinstance(data_source, ResponsesSource):
        text = getattr(params, "text", None)
        asked = {"text": text.model_dump() if text else None, "tools": params.tools}
        request = ResponseRequest.model_validate({"model": "any", "input": "any", **asked})
        format_ = chat_body(request, []).get("response_format")
    if isinstance(format_, Mapping) and format_.get("type") == "json_schema":
        schema = (format_.get("json_schema") or {}).get("schema")
        check_schema(schema, "data_source.sampling_params.response_format.json_schema.schema")
