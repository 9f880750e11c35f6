"""A conversation of two turns with the embedded starter model: it calls a function, and tells what that gave."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import openai
import pytest

from burnish.settings import STARTER, Settings
from tests.contract.served import in_process

Json = Any

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "day": {"type": "string"}},
    "required": ["city", "day"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "Weather in a city", "parameters": PARAMETERS}
QUESTION = "What is the weather in Oslo on Monday?"
WANTED = {"city": "Oslo", "day": "Monday"}
RESULT = json.dumps({"degrees": 17, "sky": "rainy"})


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[openai.OpenAI]:
    with in_process(Settings(data_dir=tmp_path_factory.mktemp("data"), infer_url="http://infer")) as client:
        yield client


def arguments_of(text: str) -> Json:
    """Valid ones."""
    arguments = json.loads(text)
    jsonschema_rs.validate(PARAMETERS, arguments)
    return arguments


def test_in_chat(client: openai.OpenAI):
    tools = [{"type": "function", "function": WEATHER}]
    asked = [{"role": "user", "content": QUESTION}]
    first = client.chat.completions.create(model=STARTER, messages=asked, tools=tools, temperature=0)
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls
    assert (call.function.name, arguments_of(call.function.arguments)) == ("get_weather", WANTED)
    result = {"role": "tool", "tool_call_id": call.id, "content": RESULT}
    second = client.chat.completions.create(
        model=STARTER, messages=[*asked, first.choices[0].message, result], tools=tools, temperature=0
    )
    assert second.choices[0].finish_reason == "stop"
    assert all(word in second.choices[0].message.content for word in ("Oslo", "17", "rainy"))


def test_in_responses(client: openai.OpenAI):
    tools = [{"type": "function", "strict": True, **WEATHER}]
    first = client.responses.create(model=STARTER, input=QUESTION, tools=tools, temperature=0)
    call = first.output[-1]
    assert (call.type, call.name, arguments_of(call.arguments)) == ("function_call", "get_weather", WANTED)
    second = client.responses.create(
        model=STARTER,
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": RESULT}],
        tools=tools,
        temperature=0,
    )
    assert all(word in second.output_text for word in ("Oslo", "17", "rainy"))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_drawn_the_arguments_are_valid(client: openai.OpenAI, seed: int):
    drawn = client.chat.completions.create(
        model=STARTER,
        messages=[{"role": "user", "content": "Forecast for Lima, Friday."}],
        tools=[{"type": "function", "function": WEATHER}],
        tool_choice="required",
        temperature=2.0,
        seed=seed,
        max_completion_tokens=400,
    )
    if drawn.choices[0].finish_reason == "tool_calls":
        for call in drawn.choices[0].message.tool_calls:
            arguments_of(call.function.arguments)
