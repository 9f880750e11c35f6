"""Countdown: reach `item["target"]` with `+ - * /` and each of `item["numbers"]` at most once.

The last line of the answer is the equation, with or without `= target`. It is parsed and never run.
"""

import ast
import operator
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Json = Any

NEAR = 0.2
"""The most that an equation gets which keeps the rules and misses the target: too little to stop there."""
MAX_CHARACTERS = 200
OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """1 on target, up to `NEAR` close to it, 0 where a rule is broken."""
    lines = str(sample.get("output_text") or "").strip().splitlines() or [""]
    left, _, right = lines[-1].replace("×", "*").replace("÷", "/").partition("=")
    target = item["target"]
    if len(left) > MAX_CHARACTERS or right.strip() not in ("", str(target)):
        return 0.0
    used: list[int] = []
    try:
        tree = ast.parse(left.strip(), mode="eval").body
        value = evaluate(tree, used)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return 0.0
    if not isinstance(tree, ast.BinOp) or not Counter(used) <= Counter(item["numbers"]):
        return 0.0
    distance = float(abs(value - target) / max(1, abs(target)))
    return 1.0 if value == target else NEAR * max(0.0, 1 - distance)


def evaluate(node: ast.expr, used: list[int]) -> Fraction:
    """The exact value; adds the numbers it meets to `used`. Raises `ValueError` for all but the four operations."""
    match node:
        case ast.Constant(value=int(number)) if type(number) is int:
            used.append(number)
            return Fraction(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](evaluate(left, used), evaluate(right, used))
    raise ValueError("neither a number nor one of the four operations")
