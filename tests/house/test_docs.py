"""Docs describe what is: every route, setting, grader kind, error code, fault and metric has its place in `docs/`."""

import ast
import json
import re
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel

from burnish.cli.main import app as command_line
from burnish.core.rollout import Fault
from burnish.server.app import create_app
from burnish.settings import Settings
from burnish.spec.grader import GraderSpec
from burnish.spec.job import Hyperparameters
from tests.house.tree import ROOT, Module, modules

DOCS = ROOT / "docs"
NO_METRICS = {"train", "valid", "python", "score_model", "label_model"}
"""Keys of dictionaries in `work/metrics.py` that name no metric."""
_PARAMETER = re.compile(r"\{[^}]*\}")


def test_every_route_is_told(tmp_path):
    api = _spaced(_text("api.md"))
    assert [route for route in _routes(tmp_path) if f"`{route}`" not in api] == []


def test_every_told_route_is_there(tmp_path):
    told = re.findall(r"`((?:GET|POST|DELETE|PUT|PATCH) /\S+)`", _spaced(_text("api.md")))
    assert sorted(set(told) - set(_routes(tmp_path))) == []


def test_every_setting_is_told_with_its_default():
    table = _rows(_text("settings.md"))
    assert {name: default for name, default in _settings(Settings, "") if table.get(name) != default} == {}


def test_every_told_setting_is_there():
    told = {name for name in _rows(_text("settings.md")) if not name.startswith("BURNISH_")}
    assert sorted(told - {name for name, _ in _settings(Settings, "")}) == []


def test_every_grader_kind_has_a_heading():
    headings = re.findall(r"^#+ `(\w+)`", _text("graders.md"), re.MULTILINE)
    assert sorted(_kinds(GraderSpec) - set(headings)) == []


def test_every_fault_is_told():
    graders = _text("graders.md")
    assert [fault for fault in Fault if f"`{fault}`" not in graders] == []


def test_every_error_code_is_told():
    told = _all_text()
    found = {code for module in modules() for code in codes(module)}
    assert sorted(code for code in found if f"`{code}`" not in told) == []


def test_every_hyperparameter_is_told():
    jobs = _rows(_text("jobs.md"))
    assert sorted(set(Hyperparameters.model_fields) - jobs.keys()) == []


def test_every_metric_is_told():
    jobs = _text("jobs.md")
    source = Module("work/metrics.py", (ROOT / "src/burnish/work/metrics.py").read_text(encoding="utf-8"))
    assert sorted(key for key in keys(source) - NO_METRICS if not re.search(rf"\b{key}\b", jobs)) == []


def test_every_command_is_told():
    told = _all_text() + (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command for command in _commands() if f"burnish {command}" not in told] == []


def test_every_link_leads_somewhere():
    files = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    assert [line for path in files for line in dead_links(path, path.read_text(encoding="utf-8"))] == []


def test_a_code_is_seen_however_it_is_written():
    assert codes(Module("a.py", "raise NotFound('x', code='file_not_found')")) == {"file_not_found"}
    assert codes(Module("a.py", "f(code='a' if x else 'b')\ndef g(code: str = 'c'): ...")) == {"a", "b", "c"}
    assert codes(Module("a.py", "CODE = 'a'\nmessage, code = 'x', 'b'")) == {"a", "b"}
    assert codes(Module("a.py", "f(code=code)\nmessage = 'a'")) == set()


def test_a_default_is_read_from_its_row():
    assert _rows("| `port` | `8787` | Where. |\n| --- | --- | --- |") == {"port": "8787"}


def test_a_dead_link_is_found():
    page = DOCS / "index.md"
    assert dead_links(page, "[a](no-such-page.md) [b](https://example.com) [c](index.md#x)") == [
        "index.md: no-such-page.md"
    ]


def codes(module: Module) -> set[str]:
    """The error codes that a module's calls and defaults name."""
    found: set[str] = set()
    for node in ast.walk(module.syntax):
        match node:
            case ast.keyword(arg="code", value=value):
                found |= _texts(value)
            case ast.Assign(targets=[target], value=value):
                found |= _assigned(target, value)
            case ast.arguments(
                posonlyargs=first, args=rest, kwonlyargs=named, defaults=defaults, kw_defaults=named_defaults
            ):
                args = [*first, *rest]
                pairs = [
                    *zip(args[len(args) - len(defaults) :], defaults, strict=True),
                    *zip(named, named_defaults, strict=True),
                ]
                found |= {text for arg, value in pairs if arg.arg == "code" and value for text in _texts(value)}
    return found


def keys(module: Module) -> set[str]:
    """The literal keys of the dictionaries that a module makes."""
    dicts = [node for node in ast.walk(module.syntax) if isinstance(node, ast.Dict)]
    found = {key.value for each in dicts for key in each.keys if isinstance(key, ast.Constant)}
    return {key for key in found if isinstance(key, str)}


def dead_links(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead to no file."""
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    own = [target for target in targets if target and "://" not in target]
    return [f"{page.name}: {target}" for target in own if not (page.parent / target).exists()]


def _texts(value: ast.expr) -> set[str]:
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=body, orelse=orelse):
            return _texts(body) | _texts(orelse)
        case ast.BoolOp(values=values):
            return {text for each in values for text in _texts(each)}
    return set()


def _assigned(target: ast.expr, value: ast.expr) -> set[str]:
    """What goes into a variable named `code`, alone or in a pair."""
    match target, value:
        case ast.Name(id="code" | "CODE"), _:
            return _texts(value)
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            return {text for each in zip(names, values, strict=True) for text in _assigned(*each)}
    return set()


def _routes(data_dir: Path) -> list[str]:
    paths = create_app(Settings(data_dir=data_dir)).openapi()["paths"]
    return [f"{method.upper()} {_spaced(path)}" for path, methods in paths.items() for method in methods]


def _spaced(text: str) -> str:
    """The text with every `{parameter}` of a path as `{}`."""
    return _PARAMETER.sub("{}", text)


def _settings(model: type[BaseModel], prefix: str) -> list[tuple[str, str]]:
    """Every setting's dotted name and default, as `docs/settings.md` writes it."""
    found = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            found += _settings(type(default), f"{prefix}{name}.")
        else:
            found.append((prefix + name, _written(default)))
    return found


def _written(default: Any) -> str:
    match default:
        case None:
            return "none"
        case Path() | str():
            return json.dumps(str(default))
    return json.dumps(default, default=str)


def _rows(text: str) -> dict[str, str]:
    """First and second cell of every table row whose first is a name in backticks."""
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) \|", text, re.MULTILINE)
    return {name: value.strip("`") for name, value in rows}


def _kinds(union: Any) -> set[str]:
    """The `type` words of a union of specs, however it is nested."""
    if isinstance(union, type) and issubclass(union, BaseModel):
        return set(get_args(union.model_fields["type"].annotation))
    return {kind for part in get_args(union) for kind in _kinds(part)}


def _commands() -> list[str]:
    def walk(command: Any, name: str) -> list[str]:
        children = getattr(command, "commands", None)
        return (
            [name] if children is None else [n for key, child in children.items() for n in walk(child, f"{name} {key}")]
        )

    return [name.strip() for name in walk(typer.main.get_command(command_line), "")]


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _all_text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
