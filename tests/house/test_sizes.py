"""No module over 400 lines, no function over 60."""

import pytest

from tests.house.tree import Module, modules

MODULE_LINES = 400
FUNCTION_LINES = 60


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_everything_fits(folder):
    assert [line for module in modules(folder) for line in oversized(module)] == []


def test_a_long_module_is_found():
    assert oversized(_made_up("x = 1\n" * MODULE_LINES)) == []
    assert len(oversized(_made_up("x = 1\n" * (MODULE_LINES + 1)))) == 1


def test_a_long_function_is_found_wherever_it_hides():
    body = "        x = 1\n"
    method = "class A:\n    async def f(self):\n"
    assert oversized(_made_up(method + body * (FUNCTION_LINES - 1))) == []
    assert oversized(_made_up(method + body * FUNCTION_LINES)) == ["made_up.py:2: A.f has 61 lines, at most 60"]


def oversized(module: Module) -> list[str]:
    """What of a module is too long."""
    wrong = []
    length = len(module.source.splitlines())
    if length > MODULE_LINES:
        wrong.append(f"{module.path} has {length} lines, at most {MODULE_LINES}")
    for name, function in module.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES:
            wrong.append(f"{module.path}:{function.lineno}: {name} has {lines} lines, at most {FUNCTION_LINES}")
    return wrong


def _made_up(source: str) -> Module:
    return Module("made_up.py", source)
