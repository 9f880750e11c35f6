"""Computes `calculate_output` over the children's scores."""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simpleeval import NameNotDefined, SimpleEval

from burnish.spec.formula import names, parse

Operator = Callable[..., float]


class NoNumber(Exception):
    """The formula has no finite value for these scores: a division by zero, the root of a negative number."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was parsed."""

    text: str
    tree: ast.Expression

    @classmethod
    def of(cls, text: str) -> "Formula":
        """Raises `FormulaError` where the text is no formula."""
        return cls(text, parse(text))

    def value(self, scores: Mapping[str, float]) -> float:
        """The formula's value. Raises `NoNumber`, and simpleeval's `NameNotDefined` for a key that is not there."""
        for name in names(self.tree):
            if name not in scores:  # simpleeval would take a function of that name
                raise NameNotDefined(name, self.text)
        evaluator = SimpleEval(operators=_OPERATORS, functions=_FUNCTIONS, names=scores)
        try:
            value = float(evaluator.eval(self.text, previously_parsed=self.tree.body))
        except (ArithmeticError, ValueError) as error:
            raise NoNumber(f"'{self.text}' has no value for {_shown(scores)}: {error}.") from error
        if not math.isfinite(value):
            raise NoNumber(f"'{self.text}' gives {value} for {_shown(scores)}.")
        return value


def _shown(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {score:g}" for name, score in scores.items())


_OPERATORS: dict[type[ast.AST], Operator] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Pow: math.pow,
    ast.UAdd: lambda value: +value,
    ast.USub: lambda value: -value,
}

_FUNCTIONS: dict[str, Operator] = {
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}
