"""A thing without a home means a missing noun: no utils, helpers, common, misc or manager."""

import ast
import re
from pathlib import PurePosixPath

from tests.house.tree import Module, modules

EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}


def test_every_name_says_something():
    found = [module for folder in ("src", "tests", "benchmarks", "examples") for module in modules(folder)]
    assert [line for module in found for line in empty_names(module)] == []


def test_an_empty_name_is_seen_in_files_folders_and_classes():
    assert empty_names(Module("src/burnish/work/file_utils.py", "")) != []
    assert empty_names(Module("src/burnish/common/job.py", "")) != []
    assert empty_names(Module("src/burnish/work/job.py", "class JobManager:\n    pass")) != []
    assert empty_names(Module("src/burnish/work/commonality.py", "class Managerial:\n    pass")) == []


def empty_names(module: Module) -> list[str]:
    """File, folder and class names that say nothing."""
    names = list(PurePosixPath(module.path).with_suffix("").parts)
    names += [node.name for node in ast.walk(module.syntax) if isinstance(node, ast.ClassDef)]
    return [f"{module.path}: {name}" for name in names if EMPTY_WORDS & _words(name)]


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
