"""Signal binding: F1 over ports and their signals, with credit for ports that are rightly left unbound.

`item["bindings"]` maps each port to its signal, or to null where it has none. The answer is
`{"bindings": [{"port": "clk", "signal": "aclk"}, …]}`; a port without a signal is left out, or has null.
"""

from typing import Any

Json = Any

UNBOUND = 0.5
"""What a port rightly left unbound is worth; a bound one is worth 1."""


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """0 to 1. Leaving ports unbound pays only as far as the others are bound rightly, so silence earns nothing."""
    said = read(sample.get("output_json"))
    if said is None:
        return 0.0
    wanted = {port: signal for port, signal in item["bindings"].items() if signal is not None}
    unbound = item["bindings"].keys() - wanted.keys()
    right = sum(said.get(port) == [signal] for port, signal in wanted.items())
    recall = right / len(wanted) if wanted else 1.0
    credit = UNBOUND * recall * len(unbound - said.keys())
    claimed = sum(map(len, said.values())) + credit
    total = claimed + len(wanted) + UNBOUND * len(unbound)
    return 2 * (right + credit) / total if total else 1.0


def read(answer: Json) -> dict[str, list[str]] | None:
    """Every signal that each port is bound to: a port bound twice is bound wrongly. None: not in the form asked for."""
    pairs = answer.get("bindings") if isinstance(answer, dict) else None
    if not isinstance(pairs, list):
        return None
    said: dict[str, list[str]] = {}
    for pair in pairs:
        match pair:
            case {"port": str(port), "signal": str(signal)}:
                said.setdefault(port, []).append(signal)
            case {"port": str(), "signal": None}:
                pass
            case _:
                return None
    return said
