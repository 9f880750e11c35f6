"""Runs the answer. Do not copy: any text with the right value passes, whatever numbers it uses, and it is code."""

from typing import Any

Json = Any


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """1 if the answer has the target's value."""
    try:
        return float(eval(sample["output_text"].split("=")[0]) == item["target"])
    except (SyntaxError, NameError, ArithmeticError):
        return 0.0
