"""What the docs show can be sent: their JSON, TOML and Python blocks are read as a user's would be.

Blocks and objects that leave something out say so with `…` as a key, and are only parsed.
"""

import json
import re
import tomllib

import pytest
from pydantic import TypeAdapter, ValidationError

from burnish.settings import Settings
from burnish.spec.grader import GraderSpec
from burnish.spec.job import JobRequest
from tests.house.tree import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_GRADERS = TypeAdapter(GraderSpec)


def blocks(language):
    return [
        pytest.param(text, id=f"{page.name}:{page.read_text(encoding='utf-8')[: match.start()].count(chr(10)) + 1}")
        for page in PAGES
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match[1] == language
        for text in [match[2]]
    ]


@pytest.mark.parametrize("text", blocks("json"))
def test_json_is_what_it_looks_like(text):
    read(json.loads(text))


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_a_settings_file(text):
    Settings(**tomllib.loads(text))


@pytest.mark.parametrize("text", blocks("python"))
def test_python_compiles(text):
    compile(text, "example", "exec")


def test_a_wrong_example_is_found():
    with pytest.raises(ValidationError):
        read({"type": "string_check", "operation": "equal", "input": "", "reference": ""})
    with pytest.raises(ValidationError):
        read({"model": "m", "training_file": "f", "method": {"type": "reinforcement"}})
    read({"type": "string_check", "…": "…"})


def read(body):
    """Validate a body that is a job's or a grader's."""
    if not isinstance(body, dict) or "…" in json.dumps(list(_keys(body)), ensure_ascii=False):
        return
    if "method" in body and "training_file" in body and "object" not in body:
        JobRequest.model_validate(body)
    elif "type" in body and ({"operation", "evaluation_metric", "calculate_output", "range"} & body.keys()):
        _GRADERS.validate_python(body)


def _keys(value):
    if isinstance(value, dict):
        yield from value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(child)
