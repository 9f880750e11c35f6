"""`docs/graders-reference.md` names a test for every field and every fault of a grader, and the tests are there."""

import re
from typing import Any, get_args

from pydantic import BaseModel

from burnish.core.rollout import Fault
from burnish.spec.grader import GraderSpec
from tests.house.tree import ROOT, modules

REFERENCE = ROOT / "docs/graders-reference.md"
OF_ALL = {"type", "name", "pass_threshold"}
"""Fields that every kind has; they stand under `every kind`."""
_PROOF = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_proof_is_there():
    there = {(module.path, name) for module in modules("tests") for name, _ in module.functions()}
    named = {(path, name) for page in (ROOT / "docs").rglob("*.md") for path, name in proofs(page.read_text("utf-8"))}
    assert sorted(named - there) == []


def test_every_field_is_proved():
    rows = _rows()
    assert [field for field in _fields(GraderSpec) if field not in rows] == []
    assert [f"every kind {name}" for name in sorted(OF_ALL) if f"every kind {name}" not in rows] == []


def test_every_fault_is_proved():
    proved = re.findall(r"^\| `(\w+)` \|.*`tests/", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert sorted(set(Fault) - set(proved)) == []


def test_a_row_without_a_proof_is_none():
    assert _PROOF.findall("| `multi` | `graders` | a map | `tests/a/test_b.py::test_c`, `tests/d.py::e` |") == [
        ("tests/a/test_b.py", "test_c"),
        ("tests/d.py", "e"),
    ]
    assert proofs("`tests/a/test_b.py`") == []


def proofs(text: str) -> list[tuple[str, str]]:
    """File and name of every test that a text names."""
    return _PROOF.findall(text)


def _rows() -> set[str]:
    """Kind and field of every row that has a proof."""
    rows = re.findall(r"^\| `?([\w ]+?)`? \| `(\w+)` \|.*`tests/", REFERENCE.read_text("utf-8"), re.MULTILINE)
    return {f"{kind} {field}" for kind, field in rows}


def _fields(union: Any) -> list[str]:
    """Kind and field of a union of specs, however it is nested."""
    if isinstance(union, type) and issubclass(union, BaseModel):
        (kind,) = get_args(union.model_fields["type"].annotation)
        return [f"{kind} {name}" for name in union.model_fields if name not in OF_ALL]
    return [field for part in get_args(union) for field in _fields(part)]
