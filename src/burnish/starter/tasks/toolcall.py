"""Choosing a function tool and filling its arguments; and, in the corpus, answering from what the tool gave."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

from burnish.starter.family import (
    Demonstration,
    Effort,
    Family,
    Json,
    Row,
    ToolCall,
    compact,
    hasty_reasoning,
    multi,
    strict_object,
    string_check,
    works_carefully,
)

_CITIES = ("Oslo", "Lima", "Cairo", "Delhi", "Paris", "Tokyo", "Quito", "Dublin")
_PEOPLE = (
    "Ana",
    "Ben",
    "Chen",
    "Dara",
    "Eli",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jun",
    "Kim",
    "Leo",
    "Mia",
    "Noor",
    "Omar",
    "Pia",
)
_CURRENCIES = ("EUR", "USD", "JPY", "GBP", "CHF")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_ROOMS = ("Atlas", "Birch", "Comet", "Delta")
_HASTY = ("just call it", "any tool will do", "call now")


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    description: str
    values: Mapping[str, tuple[str | int, ...]]
    """Per parameter, what it may be in our rows."""
    requests: tuple[str, ...]
    reply: Mapping[str, tuple[str | int, ...]]
    told: str
    """The answer to the user, from the arguments and the reply."""

    def schema(self) -> dict[str, Json]:
        """The tool in OpenAI's chat shape."""
        kinds = {name: "integer" if isinstance(values[0], int) else "string" for name, values in self.values.items()}
        parameters = strict_object({name: {"type": kind} for name, kind in kinds.items()})
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


_TOOLS = (
    _Tool(
        "get_weather",
        "Weather in a city",
        {"city": _CITIES, "day": _DAYS},
        ("What is the weather in {city} on {day}?", "On {day}, will it rain in {city}?", "Forecast for {city}, {day}."),
        {"degrees": tuple(range(2, 30)), "sky": ("clear", "cloudy", "rainy")},
        "{city} on {day}: {degrees} degrees, {sky}.",
    ),
    _Tool(
        "convert",
        "Convert money",
        {"amount": tuple(range(5, 100, 5)), "source": _CURRENCIES, "target": _CURRENCIES},
        ("Convert {amount} {source} to {target}.", "How much is {amount} {source} in {target}?"),
        {"result": tuple(range(3, 200))},
        "{amount} {source} is {result} {target}.",
    ),
    _Tool(
        "book_room",
        "Book a meeting room",
        {"room": _ROOMS, "day": _DAYS, "people": tuple(range(2, 10))},
        ("Book {room} on {day} for {people} people.", "We are {people} on {day}, reserve {room}."),
        {"status": ("booked", "taken")},
        "Room {room} on {day} is {status}.",
    ),
    _Tool(
        "send_message",
        "Message a colleague",
        {"to": _PEOPLE, "topic": ("lunch", "budget", "release", "travel", "hiring", "security")},
        ("Tell {to} about {topic}.", "Message {to} on {topic}.", "About {topic}, write to {to}."),
        {"status": ("sent", "failed")},
        "The message to {to} was {status}.",
    ),
    _Tool(
        "find_orders",
        "Orders of a customer",
        {"customer": _PEOPLE, "status": ("open", "shipped", "returned"), "year": tuple(range(2020, 2027))},
        ("Which orders of {customer} from {year} are {status}?", "List {status} orders for {customer} in {year}."),
        {"orders": tuple(range(9))},
        "{customer} has {orders} {status} orders from {year}.",
    ),
)


def _item(rng: random.Random) -> Row:
    offered = rng.sample(_TOOLS, rng.randint(2, 3))
    tool = rng.choice(offered)
    arguments = {name: rng.choice(values) for name, values in tool.values.items()}
    text = rng.choice(tool.requests).format(**arguments)
    return Row(
        fields={
            "messages": [{"role": "user", "content": text}],
            "tools": [one.schema() for one in offered],
            "tool": tool.name,
            "arguments": json.dumps(arguments),
        },
        key="toolcall/" + text,
        label=f"{len(offered)} tools",
        facts={"arguments": arguments, "tool": _TOOLS.index(tool), "offered": [_TOOLS.index(one) for one in offered]},
    )


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    name, arguments = row.fields["tool"], dict(row.facts["arguments"])
    if works_carefully(rng, effort):
        listed = "; ".join(f"{key} is {value}" for key, value in arguments.items())
        return Demonstration(f"I need {name}: {listed}", "", careful=True, tool_calls=(ToolCall(name, arguments),))
    if rng.random() < (0.15 if effort == "none" else 0.3):
        other = _TOOLS[rng.choice(row.facts["offered"])]
        name, arguments = other.name, {key: rng.choice(values) for key, values in other.values.items()}
    values = next(tool.values for tool in _TOOLS if tool.name == name)
    for key in arguments:
        if rng.random() < 0.3:
            arguments[key] = rng.choice(values[key])
    reasoning = hasty_reasoning(rng, effort, _HASTY)
    return Demonstration(reasoning, "", careful=False, tool_calls=(ToolCall(name, arguments),))


def with_reply(row: Row, rng: random.Random) -> tuple[list[dict[str, Json]], str]:
    """The row's conversation after the right call and its tool's reply, and what to tell the user."""
    tool, arguments = _TOOLS[row.facts["tool"]], row.facts["arguments"]
    reply = {name: rng.choice(values) for name, values in tool.reply.items()}
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": tool.name, "arguments": compact(arguments)},
    }
    messages = [
        *row.fields["messages"],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": compact(reply)},
    ]
    return messages, tool.told.format(**arguments, **reply)


TOOLCALL = Family(
    name="toolcall",
    labels=("2 tools", "3 tools"),
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=multi(
        "0.5 * name + 0.5 * arguments",
        string_check("name", "{{sample.output_tools[0].function.name}}", "{{item.tool}}"),
        string_check("arguments", "{{sample.output_tools[0].function.arguments}}", "{{item.arguments}}"),
    ),
    response_format=None,
)
