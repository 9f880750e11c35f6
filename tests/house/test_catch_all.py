"""Raise early, catch late: `except Exception` stands at the doors alone.

A handler that only tidies up and ends in a bare `raise` catches nothing and is allowed anywhere.
"""

import ast

from tests.house.tree import Module, modules

DOORS = {
    "src/burnish/server/door.py": "the HTTP door: an unforeseen error becomes a 500 in OpenAI's envelope",
    "src/burnish/server/background.py": "beside the requests: a turn that fails is logged, and the next comes",
    "src/burnish/work/run.py": "the worker's door: an unforeseen error fails its job, with its place in the code",
    "src/burnish/sandbox/zygote.py": "the sandbox's door: what the user's code raises becomes a text, and stays inside",
    "src/burnish/evals/evaluator.py": "the evaluator's door: an unforeseen error fails its run, and is logged",
    "src/burnish/follow/follower.py": "the followers' door: what a library raises is a warning in its job's events",
    "src/burnish/follow/apart.py": "the same in a process apart, whose follower is told what was raised",
    "src/burnish/grade/door.py": "the grader's door: an unforeseen error is a 0 with its fault, and the run goes on",
}
BROAD = {"Exception", "BaseException"}


def test_everything_is_caught_at_the_doors_alone():
    found = {line for module in modules() if module.path not in DOORS for line in catches(module)}
    assert found == set()


def test_a_door_catches_once():
    assert {module.path: len(catches(module)) for module in modules() if len(catches(module)) > 1} == {}


def test_every_broad_catch_is_seen():
    for handler in ("except Exception:", "except:", "except (ValueError, BaseException) as error:"):
        assert len(catches(_made_up(f"try:\n    f()\n{handler}\n    pass"))) == 1
    assert len(catches(_made_up("with contextlib.suppress(Exception):\n    f()"))) == 1


def test_a_narrow_catch_and_a_tidy_one_are_let_through():
    assert catches(_made_up("try:\n    f()\nexcept (ValueError, OSError):\n    pass")) == []
    assert catches(_made_up("try:\n    f()\nexcept BaseException:\n    g()\n    raise")) == []


def catches(module: Module) -> list[str]:
    """Where a module catches everything."""
    lines = []
    for node in ast.walk(module.syntax):
        match node:
            case ast.ExceptHandler(type=kind, body=body) if _is_broad(kind) and not _raises_on(body):
                lines.append(node.lineno)
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=args):
                lines += [node.lineno for arg in args if _is_broad(arg)]
    return [f"{module.path}:{line} catches everything" for line in lines]


def _is_broad(kind: ast.expr | None) -> bool:
    match kind:
        case None:
            return True
        case ast.Tuple(elts=kinds):
            return any(_is_broad(each) for each in kinds)
        case ast.Name(id=name):
            return name in BROAD
    return False


def _raises_on(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Raise) and body[-1].exc is None


def _made_up(source: str) -> Module:
    return Module("made_up.py", source)
