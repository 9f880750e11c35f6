"""A number, graded by its distance: two wrong answers differ, so that a group without a right one still teaches.

`item["answer"]` is the number. The answer names exactly one: who names several has not decided.
"""

import re
from typing import Any

Json = Any

NEAR = 0.8
"""What a number just beside the right one gets; being right is worth the step to 1."""
REACH = 0.25
"""The relative error at which nothing is left: less than the answers of different rows are apart."""
NUMBER = re.compile(r"(?<![\w.,])-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?(?![\w]|[.,]\d)", re.ASCII)
DIGIT = re.compile(r"\d")


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """0 to 1."""
    text = str(sample.get("output_text") or "")
    numbers = NUMBER.findall(text)
    if len(numbers) != 1 or DIGIT.search(NUMBER.sub("", text)):
        return 0.0
    found, wanted = float(numbers[0].replace(",", "")), float(item["answer"])
    error = abs(found - wanted) / (abs(wanted) or 1.0)
    return 1.0 if error < 1e-9 else NEAR * max(0.0, 1 - error / REACH)
