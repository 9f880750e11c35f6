"""The language of `calculate_output`: + - * / ^, parentheses, numbers, the graders' keys and eight functions."""

import ast
import math

FUNCTIONS = frozenset({"min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log"})
"""What a formula may call; `log` is the natural one."""

MAX_CHARACTERS = 10_000
MAX_DEPTH = 200
"""Of operations within operations; a sum of n terms is n - 1 deep."""

_MANY = frozenset({"min", "max"})


class FormulaError(ValueError):
    """The formula is not of this language; the message quotes the part that is not."""


def parse(formula: str) -> ast.Expression:
    """The formula as a tree of nothing but numbers, names, the operators and the calls allowed. Raises `FormulaError`.

    `^` is a power: it binds tighter than a sign before it and groups from the right, as in mathematics.
    """
    text = " ".join(formula.split())
    if not text:
        raise FormulaError("the formula is empty.")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the formula has {len(text)} characters; {MAX_CHARACTERS} are allowed.")
    if "**" in text:
        raise FormulaError("'**' is unknown; write ^ for a power.")
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval")
        _check(tree.body)
    except FormulaError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"'{_short(text)}' cannot be parsed: {_reason(error)}.") from error
    return tree


def names(tree: ast.Expression) -> list[str]:
    """The graders' keys that the formula uses, sorted, each once."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called})


def _check(node: ast.expr, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise FormulaError(f"the formula is nested too deeply; {MAX_DEPTH} operations within each other are allowed.")
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow(), right):
            _check(left, depth + 1)
            _check(right, depth + 1)
        case ast.UnaryOp(ast.UAdd() | ast.USub(), operand):
            _check(operand, depth + 1)
        case ast.Call(ast.Name(name), args, []) if name in FUNCTIONS:
            _check_arguments(name, args, depth + 1)
        case ast.Call(ast.Name(name)) if name not in FUNCTIONS:
            raise FormulaError(f"function '{name}' is unknown; there are {', '.join(sorted(FUNCTIONS))}.")
        case ast.Constant(bool()):
            raise FormulaError(f"'{_source(node)}' is no number.")
        case ast.Constant(int() | float() as number):
            _check_finite(number, _source(node))
        case ast.Name():
            pass
        case _:
            raise FormulaError(f"'{_short(_source(node))}' is not allowed; use numbers, grader keys, + - * / ^ and ().")


def _check_arguments(name: str, args: list[ast.expr], depth: int) -> None:
    if not args or (len(args) > 1 and name not in _MANY):
        wanted = "at least one argument" if name in _MANY else "one argument"
        raise FormulaError(f"'{name}' takes {wanted}, not {len(args)}.")
    for argument in args:
        _check(argument, depth)


def _check_finite(number: float, source: str) -> None:
    try:
        finite = math.isfinite(float(number))
    except OverflowError:
        finite = False
    if not finite:
        raise FormulaError(f"'{_short(source)}' is too large a number.")


def _source(node: ast.expr) -> str:
    return ast.unparse(node).replace("**", "^")


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return "it is nested too deeply" if isinstance(error, RecursionError | MemoryError) else str(error)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
