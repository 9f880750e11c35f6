"""The mean credit of the wanted codes. Do not copy: nothing is lost by claiming every code there is."""

from typing import Any

Json = Any


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """Recall, with a part for the right category."""
    claimed = set(sample["output_json"]["codes"])
    near = {code[:3] for code in claimed}
    credits = [1.0 if code in claimed else 0.4 * (code[:3] in near) for code in item["codes"]]
    return sum(credits) / len(credits) if credits else 1.0
