"""Who may import whom. A new edge is a design decision: make it here, in review."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.house.tree import Module, imports, modules


@dataclass(frozen=True)
class Floor:
    """What one package may import."""

    ours: frozenset[str]
    outside: frozenset[str]


def _floor(ours: str, outside: str = "") -> Floor:
    return Floor(frozenset(ours.split()), frozenset(outside.split()))


FLOORS = {
    "core": _floor(""),
    "prices": _floor("core", "pydantic"),
    "settings": _floor("core prices", "pydantic pydantic_settings"),
    "spec": _floor("core", "pydantic pydantic_core llguidance"),
    "learn": _floor("core", "torch"),
    "grade": _floor("core spec", "rapidfuzz simpleeval"),
    "sandbox": _floor("core settings", "sandlock"),
    "store": _floor("core settings", "sqlalchemy obstore alembic"),
    "remote": _floor("core settings spec", "httpx2"),
    "toolbox": _floor("core settings grade sandbox remote"),
    "chats": _floor("core settings spec remote store", "httpx2 anyio"),
    "evals": _floor("core settings spec grade sandbox remote store toolbox chats", "httpx2 jsonschema_rs pydantic"),
    "arrive": _floor("core spec store", "openai httpx2 pydantic"),
    "leave": _floor("core spec evals", "yaml pydantic"),
    "webhooks": _floor("core settings store remote", "httpx2 standardwebhooks"),
    "policy": _floor(
        "core settings spec learn",
        "torch numpy transformers peft safetensors llguidance jinja2 tinker sentence_transformers tokenizers",
    ),
    "export": _floor("core settings spec store policy", "torch transformers"),
    "infer": _floor("core settings spec store policy", "fastapi starlette pydantic uvicorn httpx2 huggingface_hub"),
    "starter": _floor("core settings spec learn grade policy", "torch numpy tokenizers safetensors transformers"),
    "work": _floor("core settings prices spec learn grade sandbox store remote toolbox evals policy starter", "torch"),
    "follow": _floor("core settings store", "wandb tensorboardX"),
    "server": _floor(
        "core settings prices spec grade sandbox store remote toolbox chats evals webhooks",
        "fastapi starlette anyio httpx2 python_multipart",
    ),
    "dashboard": _floor("settings", "nicegui openai fastapi starlette"),
    "cli": _floor("core settings", "typer rich openai"),
    "__main__": _floor("cli"),
}
"""The table of docs/architecture.md. `cli` alone may import more, inside functions: it starts the processes."""
LATE = {("src/burnish/store/database.py", "burnish.store.migration.upgrade")}
"""What else is imported inside a function: Alembic, by the few starts that find an older database."""


def test_every_package_imports_only_what_its_floor_allows():
    assert [line for module in modules() for line in breaches(module)] == []


def test_imports_stand_at_the_top():
    assert [line for module in modules() for line in deferred(module)] == []


def test_packages_do_not_import_in_a_circle():
    assert cycle(_packages()) is None


def test_modules_do_not_import_in_a_circle():
    assert cycle(_modules()) is None


def test_the_table_itself_has_no_circle():
    assert cycle({name: floor.ours for name, floor in FLOORS.items()}) is None


def test_an_import_across_floors_is_a_breach():
    assert len(breaches(_made_up("core", "import torch\nfrom burnish.store import jobs\nimport json"))) == 2
    assert breaches(_made_up("server", "from burnish.policy.load import Base")) != []
    assert breaches(_made_up("store", "import sqlalchemy as sa\nfrom burnish.core.job import JobStatus")) == []


def test_a_package_without_a_floor_is_a_breach():
    assert breaches(_made_up("novelty", "import json")) != []


def test_only_the_command_line_may_defer_an_import():
    late = "def command():\n    from burnish.server.app import create_app"
    assert breaches(_made_up("cli", late)) == deferred(_made_up("cli", late)) == []
    assert deferred(_made_up("work", late)) != []
    assert breaches(_made_up("cli", "from burnish.server.app import create_app")) != []


def test_relative_imports_are_breaches():
    assert breaches(_made_up("work", "from .plan import Plan")) != []


def test_a_circle_is_found():
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def breaches(module: Module) -> list[str]:
    """What a module imports against its floor."""
    floor = FLOORS.get(module.package)
    if module.name == "burnish":
        return []
    if floor is None:
        return [f"{module.path}: package '{module.package}' has no floor in {__name__}"]
    wrong = []
    for each in imports(module):
        if each.is_deferred and module.package == "cli":
            continue
        top, *rest = each.name.split(".")
        if top == "burnish":
            allowed = rest == [] or rest[0] == module.package or rest[0] in floor.ours
        else:
            allowed = top in sys.stdlib_module_names or top in floor.outside
        if not allowed:
            wrong.append(f"{module.path}:{each.line}: {module.package} may not import {each.name.strip('.')}")
    return wrong


def deferred(module: Module) -> list[str]:
    """Imports that do not stand at the top of a module, where they must."""
    if module.package == "cli":
        return []
    late = [each for each in imports(module) if each.is_deferred and (module.path, each.name) not in LATE]
    return [f"{module.path}:{each.line}: import of {each.name} inside" for each in late]


def cycle(graph: Mapping[str, Iterable[str]]) -> list[str] | None:
    """One circle of names, its first repeated at its end; None where there is none."""
    done: set[str] = set()

    def walk(path: list[str]) -> list[str] | None:
        for name in sorted(graph.get(path[-1], ())):
            if name in path:
                return [*path[path.index(name) :], name]
            if name not in done and (found := walk([*path, name])):
                return found
        done.add(path[-1])
        return None

    return next((found for name in sorted(graph) if name not in done and (found := walk([name]))), None)


def _packages() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for module, ours in _our_imports():
        graph.setdefault(module.package, set()).update({name.split(".")[1] for name in ours} - {module.package})
    return graph


def _modules() -> dict[str, set[str]]:
    return {module.name: ours for module, ours in _our_imports()}


def _our_imports() -> list[tuple[Module, set[str]]]:
    """Each module with those of ours that it imports at its top."""
    found = modules()
    names = {module.name for module in found}
    result = []
    for module in found:
        wanted = [each.name for each in imports(module) if not each.is_deferred and each.name.startswith("burnish.")]
        result.append((module, {name if name in names else name.rpartition(".")[0] for name in wanted}))
    return result


def _made_up(package: str, source: str) -> Module:
    return Module(f"src/burnish/{package}/made_up.py", source)
