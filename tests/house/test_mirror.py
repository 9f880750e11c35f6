"""`src/burnish/a/b.py` is tested by `tests/a/test_b.py`, and every such test has its module.

Left out: `__init__.py` and `__main__.py`, and modules that only declare (dataclasses, protocols, constants: no
function with a body of its own), for nothing in them can be wrong but their users. `tests/house`, `tests/contract`,
`tests/e2e`, `tests/crash` and `tests/attacks` mirror nothing: they test across modules. `tests/benchmarks` tests the
parts of `benchmarks/` that need no peer.
"""

import ast
from pathlib import PurePosixPath

from tests.house.tree import Function, Module, modules

ACROSS = ("tests/house/", "tests/contract/", "tests/e2e/", "tests/crash/", "tests/attacks/", "tests/benchmarks/")


def test_every_module_has_its_test():
    there = {module.path for module in modules("tests")}
    wanted = {module.path: mirror_of(module.path) for module in modules() if wants_test(module)}
    assert {path: test for path, test in wanted.items() if test not in there} == {}


def test_every_test_has_its_module():
    there = {mirror_of(module.path) for module in modules()}
    tests = [module.path for module in modules("tests") if PurePosixPath(module.path).name.startswith("test_")]
    assert [path for path in tests if not path.startswith(ACROSS) and path not in there] == []


def test_routes_are_mirrored_like_the_rest():
    assert mirror_of("src/burnish/server/routes/jobs.py") == "tests/server/routes/test_jobs.py"
    assert mirror_of("src/burnish/settings.py") == "tests/test_settings.py"


def test_a_module_with_a_function_wants_a_test():
    assert wants_test(Module("src/burnish/a/b.py", "def f():\n    return 1"))
    assert wants_test(Module("src/burnish/a/b.py", "class A:\n    def f(self):\n        'It says.'\n        return 1"))


def test_a_module_that_only_declares_wants_none():
    source = "class A(Protocol):\n    def f(self) -> int:\n        '''It says.'''\n        ...\nX = 1"
    assert not wants_test(Module("src/burnish/a/b.py", source))
    assert not wants_test(Module("src/burnish/a/__main__.py", "def f():\n    return 1"))


def mirror_of(path: str) -> str:
    """The test file of a module."""
    inside = PurePosixPath(path).relative_to("src/burnish")
    return str(PurePosixPath("tests") / inside.parent / f"test_{inside.name}")


def wants_test(module: Module) -> bool:
    """Whether a module does something that can be wrong."""
    if module.path.endswith(("__init__.py", "__main__.py")):
        return False
    return any(_has_body(function) for _, function in module.functions())


def _has_body(function: Function) -> bool:
    """Whether there is more than a docstring and dots."""
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.body
    )
