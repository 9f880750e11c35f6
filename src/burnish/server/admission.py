"""What must be true of a job before it is created: its model, its files, its schema, its grader and judges."""

from collections.abc import Mapping

from burnish.chats import no_answers
from burnish.core.budget import PREFIX, Budget
from burnish.core.early_stop import patience_of
from burnish.core.errors import InvalidRequest
from burnish.grade.build import build
from burnish.grade.check import check_templates
from burnish.grade.judge import check_text_only
from burnish.grade.span import span
from burnish.server.desk import Desk
from burnish.server.integrations import check_integrations
from burnish.spec.grader import GraderSpec, LabelModelSpec, MultiSpec, ScoreModelSpec
from burnish.spec.job import JobRequest
from burnish.spec.schema import check_schema
from burnish.store.files import file_missing

_METHOD = "method.reinforcement"
_TYPO_OR_ALIAS = "Give its name an [models.aliases] entry in burnish.toml, or use one of GET /v1/models."


def admit(desk: Desk, body: JobRequest) -> dict[str, str]:
    """The job's files by the field that names each; whoever writes the job must see that they are still there.

    Raises `InvalidRequest` for whatever can be known to fail without reading them.
    """
    check_budget(desk, body.metadata)
    patience_of(body.metadata)
    check_integrations(desk.settings, body)
    check_trainable(desk, body.model)
    desk.expire()
    check_file(desk, body.training_file, "training_file")
    if body.validation_file is None:
        raise InvalidRequest(
            "Missing required parameter: 'validation_file'. A reinforcement job needs a validation file: its "
            "rows measure the reward that checkpoints are chosen by.",
            param="validation_file",
            code="missing_required_parameter",
        )
    check_file(desk, body.validation_file, "validation_file")
    if (schema := body.reinforcement.response_schema) is not None:
        check_schema(schema, f"{_METHOD}.response_format.json_schema.schema")
    check_grader(desk, body.reinforcement.grader, f"{_METHOD}.grader")
    return {"training_file": body.training_file, "validation_file": body.validation_file}


def check_budget(desk: Desk, metadata: Mapping[str, str | None] | None) -> None:
    """Raise `InvalidRequest` for a budget in the metadata that cannot be kept to."""
    given = {key: value for key, value in (metadata or {}).items() if value is not None}
    if Budget.of(given).usd is not None and not desk.settings.prices.is_set:
        raise InvalidRequest(
            f"'{PREFIX}usd' cannot be kept to: the settings of this server have no [prices], so nothing costs "
            f"anything. Set prices, or use '{PREFIX}seconds' or '{PREFIX}tokens'.",
            param=f"metadata.{PREFIX}usd",
            code="invalid_value",
        )


def check_trainable(desk: Desk, name: str) -> None:
    """Raise `InvalidRequest` for a model that no job can train."""
    target = desk.settings.resolve(name)
    if desk.settings.is_local(target):
        return
    if not desk.is_served(name):
        raise InvalidRequest(
            f"The model '{name}' does not exist here. {_TYPO_OR_ALIAS}", param="model", code="model_not_found"
        )
    refuse_embedder(desk, name, "model")
    why = "runs at another endpoint" if target in desk.settings.models.remote else "is itself a tuned model"
    raise InvalidRequest(
        f"The model '{name}' cannot be trained: it {why}. Train a base model of [models.local].",
        param="model",
        code="model_not_trainable",
    )


def refuse_embedder(desk: Desk, name: str, param: str) -> None:
    """Raise `InvalidRequest` for an embedding model, where one that answers is wanted."""
    if desk.settings.resolve(name) in desk.settings.models.embedders:
        raise no_answers(name, param)


def check_file(desk: Desk, file_id: str, param: str) -> None:
    """Raise `InvalidRequest` for a file that no job can read; `param` is the field that names it."""
    file = desk.store.files.get(file_id)
    if file is None:
        raise file_missing(file_id, param)
    if file.purpose != "fine-tune":
        raise InvalidRequest(
            f"File '{file_id}' has the purpose '{file.purpose}'; upload it with purpose 'fine-tune'.",
            param=param,
            code="invalid_file_purpose",
        )


def check_grader(desk: Desk, grader: GraderSpec, param: str) -> None:
    """Raise `InvalidRequest` for a grader that could not run in a job; `param` is where it stands in the request."""
    build(grader, desk.tools, param=param)
    check_templates(grader, param=param)
    span(grader, param=param)
    check_judges(desk, grader, param)


def check_judges(desk: Desk, grader: GraderSpec, path: str) -> None:
    """Raise `InvalidRequest` for a judge that is no model here; `path` is where the grader stands in the request."""
    match grader:
        case MultiSpec():
            for key, child in grader.graders.items():
                check_judges(desk, child, f"{path}.graders.{key}")
        case ScoreModelSpec() | LabelModelSpec():
            _check_judge(desk, grader.model, f"{path}.model")
            if desk.settings.is_local(desk.settings.resolve(grader.model)):
                check_text_only(grader.input, path)
        case _:
            return


def _check_judge(desk: Desk, name: str, param: str) -> None:
    target = desk.settings.resolve(name)
    if desk.settings.is_local(target) or target in desk.settings.models.remote:
        return
    refuse_embedder(desk, name, param)
    if desk.is_served(name):
        message = f"'{name}' is a tuned model; in this version a judge is a base model or a remote one."
        raise InvalidRequest(message, param=param, code="model_not_supported")
    raise InvalidRequest(
        f"The judge model '{name}' does not exist here. {_TYPO_OR_ALIAS}", param=param, code="model_not_found"
    )
