from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from burnish.server.responses.draft import Draft, new_response
from burnish.spec.response import ResponseRequest

EVENT: TypeAdapter = TypeAdapter(ResponseStreamEvent)
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def draft(**fields: object) -> Draft:
    request = ResponseRequest.model_validate({"model": "m", "input": "hi", **fields})
    return Draft(new_response(request, "resp_1", status="in_progress"), tells_reasoning=request.tells_reasoning)


def chunk(delta: dict, finish: str | None = None) -> dict:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def drive(made: Draft, *chunks: dict) -> list[dict]:
    made.begin()
    for each in chunks:
        made.push(each)
    made.finish()
    return made.take()


def test_every_event_and_the_response_are_the_clients_types():
    made = draft(reasoning={"summary": "auto"})
    events = drive(
        made,
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "so"}),
        chunk({"content": "look"}),
        chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 1, "id": "d", "function": {"name": "g", "arguments": "{}"}}]}, "tool_calls"),
        {"choices": [], "usage": USAGE},
    )
    for event in events:
        EVENT.validate_python(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    response = Response.model_validate(made.response)
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call", "function_call"]
    assert [event["output_index"] for event in events if event["type"] == "response.output_item.done"] == [0, 1, 2, 3]
    assert (response.status, response.usage.total_tokens) == ("completed", 7)
    assert response.usage.output_tokens_details.reasoning_tokens == 0


def test_an_event_is_what_it_was_when_it_was_told():
    events = drive(draft(), chunk({"content": "a"}), chunk({"content": "b"}, "stop"))
    assert events[0]["response"]["output"] == []
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "ab"


def test_an_answer_that_is_cut_is_incomplete_and_says_why():
    made = draft()
    events = drive(made, chunk({"content": "a"}, "length"))
    assert events[-1]["type"] == "response.incomplete"
    assert made.response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert made.response["output"][0]["status"] == "incomplete"


def test_a_failure_keeps_what_there_was():
    made = draft()
    made.begin()
    made.push(chunk({"content": "a"}))
    made.fail("server_error", "it broke")
    assert made.take()[-1]["type"] == "response.failed"
    assert made.response["error"] == {"code": "server_error", "message": "it broke"}
    assert made.response["output"][0]["content"][0]["text"] == "a"


def test_an_answer_that_says_nothing_is_an_empty_message():
    for before in ([], [chunk({"reasoning_content": "so"})]):
        made = draft()
        events = drive(made, *before, chunk({}, "stop"))
        assert made.response["status"] == "completed"
        assert made.response["output"][-1]["content"][0]["text"] == ""
        assert "response.output_text.done" in [event["type"] for event in events]


def test_reasoning_that_is_cut_has_no_message_after_it():
    made = draft()
    drive(made, chunk({"reasoning_content": "so"}, "length"))
    assert [item["type"] for item in made.response["output"]] == ["reasoning"]


def test_what_vllm_calls_reasoning_is_reasoning():
    made = draft()
    drive(made, chunk({"reasoning": "so"}), chunk({"content": "a"}, "stop"))
    assert [item["type"] for item in made.response["output"]] == ["reasoning", "message"]
