"""Checks a grader before a job starts: a misspelt variable in a template would cost the whole run."""

from collections.abc import Iterable

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Item
from burnish.core.template import UnknownVariable, is_path, lookup, variables
from burnish.grade.scope import SAMPLE_VARIABLES
from burnish.grade.templates import Template, templates
from burnish.grade.text_similarity import WITHOUT_WORDNET
from burnish.spec.grader import GraderSpec, MultiSpec, TextSimilaritySpec

CODE = "invalid_variable_error"
"""`code` of the errors raised here, as OpenAI's flag is called."""


def check_templates(spec: GraderSpec, *, param: str = "grader") -> None:
    """Raise `InvalidRequest` for a variable that no row and no answer can have: neither `item` nor a part of `sample`.

    `param` is where the grader stands in the request; the error's own ends in the template's place.
    """
    for where, path in _paths(spec):
        complaint = _complaint(path)
        if complaint is not None:
            raise InvalidRequest(f"'{{{{{path}}}}}' in the grader: {complaint}", param=f"{param}.{where}", code=CODE)


def check_rows(spec: GraderSpec, items: Iterable[Item], *, param: str) -> None:
    """Raise `InvalidRequest` for the first row that lacks an `item` variable of the grader's templates.

    `param` names the file: `training_file` or `validation_file`. What `sample` will have cannot be known yet.
    """
    wanted = {path: where for where, path in _paths(spec) if _namespace(path) == "item"}
    for item in items:
        for path, where in wanted.items():
            try:
                lookup(path, {"item": item.fields})
            except UnknownVariable as error:
                message = f"Line {item.line} of the {param.replace('_', ' ')} lacks a variable of the grader's {where}"
                raise InvalidRequest(f"{message}: {error}", param=param, code=CODE) from error


def caveats(spec: GraderSpec, *, has_thesaurus: bool) -> list[str]:
    """What a job's user should know of the scores before there are any."""
    children = list(spec.graders.values()) if isinstance(spec, MultiSpec) else [spec]
    metrics = [child.evaluation_metric for child in children if isinstance(child, TextSimilaritySpec)]
    return [WITHOUT_WORDNET] if "meteor" in metrics and not has_thesaurus else []


def _paths(spec: GraderSpec) -> Iterable[Template]:
    for where, text in templates(spec):
        for path in variables(text):
            yield Template(where, path)


def _namespace(path: str) -> str:
    return path.replace("[", ".").split(".")[0]


def _complaint(path: str) -> str | None:
    """What is wrong with a path whatever the row and the answer; None where it may be right."""
    namespace, *rest = path.replace("[", ".").split(".")
    if namespace not in ("item", "sample"):
        return "a variable starts with 'item.' or 'sample.'; literal double braces cannot be written."
    if namespace == "sample" and rest and rest[0] not in SAMPLE_VARIABLES:
        return f"'sample' has {', '.join(sorted(SAMPLE_VARIABLES))}."
    if not is_path(path):
        return "write dotted keys and [n] indexes, such as item.rows[0].id; there are no filters and no conditions."
    if namespace == "sample" and rest[:1] in (["output_text"], ["output_audio"]) and rest[1:]:
        return f"nothing lies below 'sample.{rest[0]}'."
    return None
