"""The number that comes closest. Do not copy: naming many is the best answer, and one for all rows does nicely."""

import re
from typing import Any

Json = Any


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """1 less the relative error."""
    numbers = [float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", sample["output_text"])]
    errors = [abs(number - item["answer"]) / item["answer"] for number in numbers]
    return max(0.0, 1 - min(errors, default=1.0))
