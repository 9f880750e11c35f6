"""What is imported is declared in pyproject.toml, and what is declared is imported."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house.tree import ROOT, imports, modules

UNSEEN = {
    "httptools": "uvicorn's parser, where it is there",
    "uvloop": "uvicorn's event loop, where it is there",
    "python-multipart": "FastAPI reads forms with it",
}
"""Declared, though nothing of ours imports it, and why."""
OPTIONAL = ("wandb", "tensorboard", "embeddings")
"""The extras whose packages are imported, in processes that start only where they are there."""
PART_OF = {"pydantic-core": "pydantic"}
"""Distributions that are another's other half."""


def test_what_is_imported_is_declared():
    assert sorted(imported() - declared() - declared(*OPTIONAL)) == []


def test_what_is_optional_is_imported_by_one_module():
    for package in ("wandb", "tensorboardX", "sentence_transformers"):
        found = {module.path for module in modules() for each in imports(module) if each.name.split(".")[0] == package}
        assert len(found) == 1


def test_what_is_declared_is_imported():
    assert sorted((declared() | declared(*OPTIONAL)) - imported() - UNSEEN.keys()) == []


def test_what_is_declared_has_its_tested_version():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {normal(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
    assert sorted((declared() | declared(*OPTIONAL)) - pinned) == []


def test_names_are_compared_as_pip_compares_them():
    assert normal("SQLAlchemy") == "sqlalchemy"
    assert normal("rouge_score") == normal("rouge.score") == "rouge-score"
    assert "burnish" not in imported() and "json" not in imported()


def imported() -> set[str]:
    """The distributions that our code imports from."""
    known = packages_distributions()
    tops = {each.name.split(".")[0] for module in modules() for each in imports(module)}
    outside = tops - sys.stdlib_module_names - {"burnish"}
    found = {normal(name) for top in outside for name in known.get(top, [top])}
    return {PART_OF.get(name, name) for name in found}


def declared(*extras: str) -> set[str]:
    """The distributions that users install with us, or those of extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [project["optional-dependencies"][extra] for extra in extras] or [project["dependencies"]]
    return {normal(re.split(r"[\s<>=!~\[;]", line)[0]) for lines in wanted for line in lines}


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
