"""The Responses API through the official client, to a model that runs."""

import json
import time
from typing import Literal

import openai
import pydantic
import pytest

from tests.contract.served import TUNED, in_process

ASK = {"max_output_tokens": 40, "reasoning": {"effort": "low"}}
SCHEMA = {
    "type": "object",
    "properties": {"compliant": {"enum": ["yes", "no"]}, "score": {"enum": [1, 2, 3]}},
    "required": ["compliant", "score"],
    "additionalProperties": False,
}
TEXT = {"format": {"type": "json_schema", "name": "review", "schema": SCHEMA, "strict": True}}
TOOL = {"type": "function", "name": "review", "strict": True, "parameters": SCHEMA}


@pytest.fixture(scope="module")
def client(served):
    with in_process(served) as client:
        yield client


def test_a_string_is_answered_with_reasoning_and_a_message(client):
    fields = {"text": TEXT, "max_output_tokens": 150, "reasoning": {"effort": "low"}}
    made = client.responses.create(model=TUNED, input="hello", instructions="Be brief.", **fields)
    assert (made.object, made.model, made.instructions) == ("response", TUNED, "Be brief.")
    assert [item.type for item in made.output] == ["reasoning", "message"]
    assert made.output_text == made.output[1].content[0].text
    assert made.output[0].content[0].text
    assert made.output[0].summary == []
    assert made.usage.output_tokens_details.reasoning_tokens > 0
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    assert made.status == "completed" or made.incomplete_details.reason == "max_output_tokens"


def test_a_summary_is_the_reasoning_itself(client):
    made = client.responses.create(
        model=TUNED, input="hello", temperature=0, max_output_tokens=40, reasoning={"effort": "low", "summary": "auto"}
    )
    assert made.output[0].summary[0].text == made.output[0].content[0].text


def test_items_and_parts_are_what_chats_messages_are(client):
    items = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
    ]
    made = client.responses.create(model="tiny", input=items, temperature=0, **ASK)
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    chat = client.chat.completions.create(
        model="tiny", messages=messages, temperature=0, max_completion_tokens=40, reasoning_effort="low"
    )
    assert made.output_text == chat.choices[0].message.content
    assert made.usage.input_tokens == chat.usage.prompt_tokens


def test_a_schema_is_kept_to(client):
    made = client.responses.create(model=TUNED, input="hello", text=TEXT, max_output_tokens=150, top_p=0.9)
    assert json.loads(made.output_text).keys() == {"compliant", "score"}
    assert made.text.format.name == "review"


def test_a_pydantic_model_is_parsed(client):
    class Review(pydantic.BaseModel):
        compliant: Literal["yes", "no"]
        score: Literal[1, 2, 3]

    made = client.responses.parse(model=TUNED, input="hello", text_format=Review, max_output_tokens=150)
    assert isinstance(made.output_parsed, Review)


def test_a_function_is_called_and_its_output_answered(client):
    made = client.responses.create(
        model=TUNED,
        input="hello",
        tools=[TOOL],
        tool_choice="required",
        parallel_tool_calls=False,
        max_output_tokens=150,
        temperature=0,
    )
    call = made.output[-1]
    assert (call.type, call.name, call.status) == ("function_call", "review", "completed")
    assert json.loads(call.arguments).keys() == {"compliant", "score"}
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "noted"}
    answered = client.responses.create(
        model=TUNED,
        previous_response_id=made.id,
        input=[output],
        tools=[TOOL],
        tool_choice="none",
        temperature=0,
        **ASK,
    )
    assert answered.previous_response_id == made.id
    assert answered.output[-1].type == "message"
    whole = client.responses.create(
        model=TUNED,
        input=[{"role": "user", "content": "hello"}, *made.output, output],
        tools=[TOOL],
        tool_choice="none",
        **ASK,
    )
    assert whole.usage.input_tokens == answered.usage.input_tokens


def test_a_stream_tells_every_event_in_order_and_ends_with_the_response(client):
    events = list(
        client.responses.create(
            model=TUNED,
            input="hello",
            stream=True,
            text=TEXT,
            max_output_tokens=150,
            reasoning={"effort": "low", "summary": "auto"},
        )
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = list(dict.fromkeys(event.type.removeprefix("response.") for event in events))
    assert kinds[:2] == ["created", "in_progress"]
    assert kinds[-1] in ("completed", "incomplete")
    assert kinds[2:-1] == [
        "output_item.added",
        "content_part.added",
        "reasoning_summary_part.added",
        "reasoning_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_text.delta",
        "output_text.done",
    ]
    made = events[-1].response
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == made.output_text
    assert client.responses.retrieve(made.id).output == made.output


def test_the_clients_own_stream_helper_follows(client):
    class Review(pydantic.BaseModel):
        compliant: Literal["yes", "no"]

    with client.responses.stream(model=TUNED, input="hello", text_format=Review, max_output_tokens=150) as stream:
        for _ in stream:
            pass
        assert isinstance(stream.get_final_response().output_parsed, Review)


def test_a_streamed_call_is_told_piece_by_piece(client):
    events = client.responses.create(
        model=TUNED, input="hello", tools=[TOOL], tool_choice="required", stream=True, max_output_tokens=200
    )
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert json.loads(done[0].arguments).keys() == {"compliant", "score"}


def test_log_probs_are_told_where_they_are_wanted(client):
    made = client.responses.create(
        model=TUNED,
        input="hello",
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        **{**ASK, "temperature": 0},
    )
    entries = made.output[-1].content[0].logprobs
    assert len(entries) > 2
    assert all(len(entry.top_logprobs) == 2 for entry in entries)


def test_what_was_asked_is_listed(client):
    made = client.responses.create(model="tiny", input=[{"role": "user", "content": str(n)} for n in range(3)], **ASK)
    texts = [item.content[0].text for item in client.responses.input_items.list(made.id, order="asc", limit=2)]
    assert texts == ["0", "1", "2"]
    assert [item.content[0].text for item in client.responses.input_items.list(made.id)] == ["2", "1", "0"]


def test_what_is_not_stored_or_deleted_cannot_be_gone_on_with(client):
    unstored = client.responses.create(model="tiny", input="hello", store=False, **ASK)
    deleted = client.responses.create(model="tiny", input="hello", **ASK)
    client.responses.delete(deleted.id)
    for gone in (unstored.id, deleted.id):
        with pytest.raises(openai.NotFoundError) as caught:
            client.responses.retrieve(gone)
        assert caught.value.code == "response_not_found"
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model="tiny", input="and?", previous_response_id=gone, **ASK)
        assert (refused.value.param, refused.value.code) == ("previous_response_id", "previous_response_not_found")


def _ended(client, response_id):
    for _ in range(600):
        found = client.responses.retrieve(response_id)
        if found.status not in ("queued", "in_progress"):
            return found
        time.sleep(0.05)
    raise AssertionError("it goes on for ever")


def test_in_the_background_it_is_made_without_the_caller(client):
    made = client.responses.create(model=TUNED, input="hello", background=True, text=TEXT, max_output_tokens=150)
    assert (made.status, made.output, made.background) == ("queued", [], True)
    found = _ended(client, made.id)
    assert found.status in ("completed", "incomplete")
    assert found.output_text


def test_in_the_background_it_is_streamed_and_read_again_from_any_place(client):
    fields = {"model": TUNED, "input": "hello", "text": TEXT, "max_output_tokens": 150}
    events = list(client.responses.create(background=True, stream=True, **fields))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]
    made = events[-1].response
    assert events[-1].type == "response.completed"
    assert client.responses.retrieve(made.id).output == made.output
    assert list(client.responses.retrieve(made.id, stream=True)) == events
    assert list(client.responses.retrieve(made.id, stream=True, starting_after=5)) == events[6:]


def test_whoever_hangs_up_on_a_stream_in_the_background_comes_back_to_it(client):
    stream = client.responses.create(
        model=TUNED, input="hello", background=True, stream=True, temperature=2.0, max_output_tokens=400
    )
    first = next(stream)
    stream.close()
    client.responses.cancel(first.response.id)
    *_, last = client.responses.retrieve(first.response.id, stream=True, starting_after=0)
    assert last.type in ("response.cancelled", "response.completed", "response.incomplete")
    assert client.responses.retrieve(first.response.id).status == last.type.removeprefix("response.")


def test_a_response_in_the_foreground_has_no_events_to_come_back_to(client):
    made = client.responses.create(model="tiny", input="hello", **ASK)
    with pytest.raises(openai.BadRequestError, match="'background' and 'stream'") as caught:
        client.responses.retrieve(made.id, stream=True)
    assert caught.value.param == "stream"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_nobody", stream=True)


@pytest.mark.parametrize("model", ["tiny", TUNED])
def test_the_tokens_of_a_question_are_counted_as_an_answer_counts_them(client, model):
    before = client.responses.create(model=model, input="hello", **ASK)
    question = {
        "model": model,
        "input": [{"role": "user", "content": "And you?"}],
        "previous_response_id": before.id,
        "instructions": "Be brief.",
        "tools": [TOOL],
        "reasoning": {"effort": "low"},
    }
    counted = client.responses.input_tokens.count(**question)
    assert counted.object == "response.input_tokens"
    assert counted.input_tokens == client.responses.create(max_output_tokens=8, **question).usage.input_tokens
    assert counted.input_tokens > client.responses.input_tokens.count(model=model, input="And you?").input_tokens > 5


def test_a_question_that_is_too_long_to_be_answered_is_counted_all_the_same(client):
    long = "hello " * 1000
    assert client.responses.input_tokens.count(model="tiny", input=long).input_tokens > 1000
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="tiny", input=long)
    assert (caught.value.param, caught.value.code) == ("input", "context_length_exceeded")


def test_in_the_background_it_can_be_cancelled(client):
    made = client.responses.create(model=TUNED, input="hello", background=True, max_output_tokens=400)
    assert made.status == "queued"
    assert client.responses.retrieve(made.id).status in ("in_progress", "completed", "incomplete")
    cancelled = client.responses.cancel(made.id)
    assert cancelled.status in ("cancelled", "completed", "incomplete")
    assert client.responses.retrieve(made.id).status == cancelled.status
    front = client.responses.create(model="tiny", input="hello", **ASK)
    with pytest.raises(openai.BadRequestError, match="in the background"):
        client.responses.cancel(front.id)


def test_a_server_that_was_stopped_leaves_what_failed(served):
    with in_process(served) as client:
        made = client.responses.create(model=TUNED, input="hello", background=True, max_output_tokens=450)
    with in_process(served) as client:
        assert client.responses.retrieve(made.id).status in ("cancelled", "failed", "completed", "incomplete")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "input[0].content[0].type",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": []}, "input"),
        ({"input": [{"type": "reasoning"}]}, "input"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"text": {"format": {"type": "yaml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "s"}}}, "text.format.schema"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"background": True, "store": False}, "store"),
    ],
)
def test_what_cannot_be_is_named(client, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{"model": "tiny", "input": "hello", **fields})
    assert caught.value.param == param


def test_a_model_that_is_not_there_is_a_404(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="nobody", input="hello")
    assert caught.value.code == "model_not_found"
