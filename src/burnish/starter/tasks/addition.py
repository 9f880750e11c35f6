"""Addition of two numbers, column by column or at a glance."""

import random
from functools import partial

from burnish.starter.family import (
    Demonstration,
    Effort,
    Family,
    Row,
    compact,
    hasty_reasoning,
    strict_format,
    string_check,
    works_carefully,
)

_HASTY = ("in my head", "easy", "roughly")
_QUESTIONS = ("What is {a} + {b}?", "Add {a} and {b}.", "{a} plus {b} =", "Sum {a}, {b}.", "{a}+{b}")


def addition(lengths: tuple[int, ...] = (3,)) -> Family:
    """The family with numbers of these lengths, each as often as it is named."""
    return Family(
        name="addition",
        labels=("carries", "none"),
        hasty=_HASTY,
        item=partial(_item, lengths),
        demonstrate=_demonstrate,
        grader=string_check("sum", "{{sample.output_json.sum}}", "{{item.sum}}"),
        response_format=strict_format("addition", {"sum": {"type": "integer"}}),
    )


def _item(lengths: tuple[int, ...], rng: random.Random) -> Row:
    digits = rng.choice(lengths)
    a, b = (rng.randint(10 ** (digits - 1), 10**digits - 1) for _ in range(2))
    text = rng.choice(_QUESTIONS).format(a=a, b=b)
    return Row(
        fields={"messages": [{"role": "user", "content": text}], "sum": a + b},
        key=f"addition/{min(a, b)}+{max(a, b)}",
        label="carries" if _carries(a, b) else "none",
        facts={"a": a, "b": b},
    )


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    a, b = row.facts["a"], row.facts["b"]
    if works_carefully(rng, effort):
        return Demonstration(columns(a, b), compact({"sum": a + b}), careful=True)
    total = a + b
    if rng.random() < 0.7:  # a carry is dropped, or made up
        total += rng.choice((-1, 1)) * 10 ** rng.randint(1, len(str(a)) - 1)
    return Demonstration(hasty_reasoning(rng, effort, _HASTY), compact({"sum": total}), careful=False)


def _carries(a: int, b: int) -> bool:
    return any(int(x) + int(y) > 9 for x, y in zip(str(a), str(b), strict=True))


def columns(a: int, b: int) -> str:
    """Long addition of two numbers of equal length, from the right; each line ends with the sum so far."""
    lines, carry, so_far = [], 0, ""
    for x, y in zip(reversed(str(a)), reversed(str(b)), strict=True):
        column = int(x) + int(y) + carry
        so_far = f"{column % 10}{so_far}"
        lines.append(f"{x}+{y}+{carry}={column} {so_far}")
        carry = column // 10
    return "\n".join([*lines, f"so {carry or ''}{so_far}"])
