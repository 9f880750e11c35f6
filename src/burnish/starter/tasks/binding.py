"""Binding a chip's signals to the ports of an interface; stands for ChipStack's task in OpenAI's guide."""

import random

from burnish.starter.family import (
    Demonstration,
    Effort,
    Family,
    Row,
    compact,
    hasty_reasoning,
    multi,
    strict_format,
    string_check,
    works_carefully,
)

PORTS = {
    "clk": ("clk", "clock", "ck"),
    "rst": ("rst", "reset", "por"),
    "addr": ("addr", "address", "adr"),
    "wdata": ("wdata", "din", "wdat"),
    "rdata": ("rdata", "dout", "rdat"),
}
"""Each port, and what signals for it are called."""
_WORKING = ("core", "bus", "sys", "main", "io", "top")
_SPARE = ("test", "scan", "dbg", "bist")
"""A signal that ends so serves the factory only, and is never bound."""
_OTHER = ("irq", "led", "gpio", "pwm")
_HASTY = ("match the names", "bind all", "quick match")
_QUESTIONS = ("Bind the signals {s}.", "Signals: {s}", "Which port takes which? {s}", "Map {s} to ports.")


def _item(rng: random.Random) -> Row:
    bound: dict[str, str] = {}
    spare: dict[str, str] = {}
    for port, stems in PORTS.items():
        if rng.random() < 0.65:
            bound[port] = f"{rng.choice(stems)}_{rng.choice(_WORKING)}"
        if rng.random() < (0.25 if port in bound else 0.6):
            spare[port] = f"{rng.choice(stems)}_{rng.choice(_SPARE)}"
    signals = [*bound.values(), *spare.values(), f"{rng.choice(_OTHER)}_{rng.choice(_WORKING)}"]
    rng.shuffle(signals)
    binding = {port: bound.get(port, "none") for port in PORTS}
    text = rng.choice(_QUESTIONS).format(s=" ".join(signals))
    return Row(
        fields={"messages": [{"role": "user", "content": text}], "binding": binding},
        key="binding/" + " ".join(sorted(signals)),
        label="open" if len(bound) < 3 else "bound",
        facts={"signals": signals, "spare": spare},
    )


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    binding: dict[str, str] = dict(row.fields["binding"])
    if works_carefully(rng, effort):
        return Demonstration(_check_each_port(row), compact(binding), careful=True)
    for port in PORTS:
        if port in row.facts["spare"] and rng.random() < 0.75:
            binding[port] = row.facts["spare"][port]
        elif rng.random() < 0.2:
            binding[port] = rng.choice(row.facts["signals"])
    return Demonstration(hasty_reasoning(rng, effort, _HASTY), compact(binding), careful=False)


def _check_each_port(row: Row) -> str:
    parts = []
    for port, signal in row.fields["binding"].items():
        spare = row.facts["spare"].get(port)
        seen = ([f"{spare} is spare"] if spare else []) + [signal]
        parts.append(f"{port}: {', '.join(seen)}")
    return "\n".join(parts)


BINDING = Family(
    name="binding",
    labels=("open", "bound"),
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=multi(
        "0.5 * whole + 0.1 * (clk + rst + addr + wdata + rdata)",
        string_check("whole", "{{sample.output_json}}", "{{item.binding}}"),
        *(string_check(port, f"{{{{sample.output_json.{port}}}}}", f"{{{{item.binding.{port}}}}}") for port in PORTS),
    ),
    response_format=strict_format("binding", {port: {"type": "string"} for port in PORTS}),
)
