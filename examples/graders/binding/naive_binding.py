"""F1 as one writes it first. Do not copy: binding a port to several signals pays, and so does saying nothing."""

from typing import Any

Json = Any


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """F1 over pairs, `(port, None)` among them for every port that is left out."""
    said = {(pair["port"], pair["signal"]) for pair in sample["output_json"]["bindings"]}
    said |= {(port, None) for port in item["bindings"].keys() - {port for port, _ in said}}
    wanted = set(item["bindings"].items())
    return 2 * len(said & wanted) / (len(said) + len(wanted))
