from typing import Any

import pytest
from pydantic import TypeAdapter

from burnish.core.errors import InvalidRequest
from burnish.evals.question import Question
from burnish.evals.rows import Row
from burnish.spec.chat import ChatRequest
from burnish.spec.eval_run import DataSource

CONTENT = {"type": "file_content", "content": [{"item": {}}]}
REFERENCE = {"type": "item_reference", "item_reference": "item.messages"}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "4?"}]
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}


def asked(item: dict[str, Any], extra_seed: int = 0, **data_source: Any) -> ChatRequest:
    sent = {"type": "completions", "model": "tiny", "source": CONTENT, **data_source}
    found = TypeAdapter(DataSource).validate_python(sent)
    return Question(found, "tiny").request(Row(0, 0, item, None), extra_seed)


def template(*contents: str) -> dict[str, Any]:
    return {"type": "template", "template": [{"role": "user", "content": content} for content in contents]}


def test_a_template_is_filled_from_the_row():
    request = asked({"q": "2 + 2", "n": 3}, input_messages=template("What is {{item.q}}?", "{{ item.n }}"))
    assert [message["content"] for message in request.messages] == ["What is 2 + 2?", "3"]


def test_a_variable_that_the_row_has_not_is_an_error():
    with pytest.raises(InvalidRequest, match=r"item\.q") as refusal:
        asked({}, input_messages=template("{{item.q}}"))
    assert refusal.value.code == "invalid_variable_error"


@pytest.mark.parametrize("path", ["item.messages", "{{item.messages}}"])
def test_messages_of_the_row_are_asked_with_its_tools(path: str):
    item = {"messages": MESSAGES, "tools": [TOOL]}
    request = asked(item, input_messages={"type": "item_reference", "item_reference": path})
    assert [message["content"] for message in request.messages] == ["Be brief.", "4?"]
    assert [tool["function"]["name"] for tool in request.tools or ()] == ["add"]


def test_a_text_of_the_row_is_the_users():
    [message] = asked({"messages": "hello"}, input_messages=REFERENCE).messages
    assert (message["role"], message["content"]) == ("user", "hello")


@pytest.mark.parametrize("messages", [[], 4, ["hello"], None])
def test_what_are_no_messages_is_refused(messages: Any):
    with pytest.raises(InvalidRequest, match=r"item\.messages") as refusal:
        asked({"messages": messages}, input_messages=REFERENCE)
    assert refusal.value.code == "invalid_variable_error"


def test_without_messages_a_stored_answers_own_question_is_asked_again():
    stored = {"type": "stored_completions"}
    assert asked({"input": MESSAGES}, source=stored).messages[1]["content"] == "4?"


def test_sampling_parameters_go_along_and_answers_differ_in_their_seed():
    params = {"temperature": 0.5, "top_p": 0.9, "seed": 7, "max_completion_tokens": 5, "reasoning_effort": "low"}
    request = asked({"messages": "x"}, 2, input_messages=REFERENCE, sampling_params=params)
    assert (request.temperature, request.top_p, request.seed) == (0.5, 0.9, 9)
    assert (request.max_completion_tokens, request.reasoning_effort) == (5, "low")
    assert asked({"messages": "x"}, 2, input_messages=REFERENCE).seed == 44


def test_a_format_and_tools_in_responses_terms_become_chats():
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    request = asked(
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "4?"}]}]},
        type="responses",
        input_messages=REFERENCE,
        sampling_params={
            "text": {"format": {"type": "json_schema", "name": "a", "schema": schema, "strict": True}},
            "tools": [{"type": "function", "name": "add", "parameters": schema, "strict": True}],
        },
    )
    assert request.response_format["json_schema"]["schema"] == schema
    assert request.tools[0]["function"]["name"] == "add"
    assert "4?" in str(request.messages[0]["content"])
