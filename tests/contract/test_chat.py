"""The official client, through the server's door, to a model that runs: in this process and over sockets."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import openai
import pydantic
import pytest
from fastapi import FastAPI

from burnish.infer.app import create_app
from burnish.infer.fleet import Fleet
from burnish.server.app import create_app as create_server
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from tests.contract.served import ALIAS, CHECKPOINT, TUNED, in_process
from tests.serving import infer_app, listening

MESSAGES = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hello"}]
ASK = {"messages": MESSAGES, "max_completion_tokens": 30, "reasoning_effort": "low", "seed": 3}
SCHEMA = {
    "type": "object",
    "properties": {"compliant": {"enum": ["yes", "no"]}, "score": {"enum": [1, 2, 3]}},
    "required": ["compliant", "score"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "review", "schema": SCHEMA, "strict": True}}


@contextmanager
def over_sockets(settings: Settings) -> Iterator[openai.OpenAI]:
    with listening(infer_app(settings)) as infer_url:
        app = create_server(settings.model_copy(update={"infer_url": infer_url}))
        with (
            listening(app) as url,
            openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
        ):
            yield client


@pytest.fixture(scope="module", params=[in_process, over_sockets], ids=["in process", "over sockets"])
def client(request, served) -> Iterator[openai.OpenAI]:
    with request.param(served) as client:
        yield client


@pytest.mark.parametrize("name", ["tiny", ALIAS, TUNED, CHECKPOINT])
def test_every_kind_of_model_answers_by_the_name_it_was_asked_by(client, name):
    completion = client.chat.completions.create(model=name, **ASK)
    assert (completion.model, completion.object) == (name, "chat.completion")
    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].finish_reason in ("stop", "length")
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens_details.reasoning_tokens > 0
    assert completion._request_id.startswith("req_")


def test_a_tuned_model_and_its_base_speak_differently(client):
    texts = {
        client.chat.completions.create(model=name, temperature=0, **ASK).choices[0].message.content
        for name in ("tiny", TUNED)
    }
    assert len(texts) == 2


def test_a_stream_says_what_the_plain_answer_says(client):
    plain = client.chat.completions.create(model=TUNED, n=2, **ASK)
    texts, finishes, usage = ["", ""], [None, None], None
    for chunk in client.chat.completions.create(
        model=TUNED, n=2, stream=True, stream_options={"include_usage": True}, **ASK
    ):
        assert (chunk.object, chunk.model) == ("chat.completion.chunk", TUNED)
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            finishes[choice.index] = choice.finish_reason or finishes[choice.index]
    assert texts == [choice.message.content for choice in plain.choices]
    assert finishes == [choice.finish_reason for choice in plain.choices]
    assert usage.total_tokens == plain.usage.total_tokens


def test_three_answers_are_three(client):
    choices = client.chat.completions.create(model="tiny", n=3, **ASK).choices
    assert [choice.index for choice in choices] == [0, 1, 2]
    assert len({choice.message.content for choice in choices}) == 3


def test_an_answer_in_a_schema_always_parses(client):
    for seed in range(4):
        fields = {**ASK, "seed": seed, "max_completion_tokens": 120}
        completion = client.chat.completions.create(model=TUNED, response_format=FORMAT, **fields)
        assert json.loads(completion.choices[0].message.content).keys() == {"compliant", "score"}


def test_a_schema_that_cannot_be_enforced_is_a_bad_request(client):
    bad = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "colour"}}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", response_format=bad, **ASK)
    assert caught.value.code == "invalid_json_schema"


def test_an_image_is_a_bad_request_in_clear_words(client):
    image = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    with pytest.raises(openai.BadRequestError, match="reads text only") as caught:
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": image}])
    assert caught.value.param == "messages[0].content[0]"


def test_what_cannot_be_is_said_before_a_stream_begins(client):
    with pytest.raises(openai.BadRequestError, match="not supported"):
        client.chat.completions.create(model="tiny", frequency_penalty=0.5, stream=True, **ASK)


def test_log_probs_come_in_the_clients_types(client):
    choice = client.chat.completions.create(model=TUNED, logprobs=True, top_logprobs=2, **ASK).choices[0]
    assert len(choice.logprobs.content) > 3
    assert all(len(entry.top_logprobs) == 2 for entry in choice.logprobs.content)


def test_a_function_that_must_be_called_is(client):
    tool = {"type": "function", "function": {"name": "review", "strict": True, "parameters": SCHEMA}}
    fields = {**ASK, "max_completion_tokens": 150}
    message = (
        client.chat.completions.create(
            model=TUNED, tools=[tool], tool_choice="required", parallel_tool_calls=False, **fields
        )
        .choices[0]
        .message
    )
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments).keys()) == ("review", {"compliant", "score"})
    answered = client.chat.completions.create(
        model=TUNED,
        tools=[tool],
        messages=[*MESSAGES, message, {"role": "tool", "tool_call_id": call.id, "content": "noted"}],
        max_completion_tokens=20,
    )
    assert answered.choices[0].finish_reason in ("stop", "length", "tool_calls")


def test_a_pydantic_model_is_parsed(client):
    class Review(pydantic.BaseModel):
        compliant: Literal["yes", "no"]
        score: Literal[1, 2, 3]

    fields = {**ASK, "max_completion_tokens": 120}
    parsed = client.chat.completions.parse(model=TUNED, response_format=Review, **fields).choices[0].message.parsed
    assert isinstance(parsed, Review)


def test_a_client_that_leaves_its_stream_frees_the_rows(served):
    fleet = Fleet(served, open_blobs(served))
    infer: FastAPI = create_app(fleet)
    long = {**ASK, "max_completion_tokens": 450}
    with listening(infer) as infer_url:
        app = create_server(served.model_copy(update={"infer_url": infer_url}))
        with listening(app) as url, openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
            client.chat.completions.create(model="tiny", **ASK)
            (task,) = fleet._seats.values()
            driver = task.result().driver
            with client.chat.completions.create(model="tiny", n=16, stream=True, **long) as stream:
                next(iter(stream))
                assert driver._waiting
            asyncio.run(_until_idle(driver))


async def _until_idle(driver: object) -> None:
    async with asyncio.timeout(30):
        while driver._waiting:
            await asyncio.sleep(0.01)
