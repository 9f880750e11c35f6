"""Whatever is sent to the models' routes is answered, whole or streamed, and never with a 5xx.

As in `test_fuzz.py` bodies are made from the app's own description, and of parts that are likely to hurt. A model that
runs answers them, over sockets: a client waits so long and no longer.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import BaseSchema, GenerationMode

from burnish.server.app import create_app
from tests.contract.fuzzing import LONG, NO_BODIES, QUICK, TEXT_PARTS, examples, json_of, of_the_schema, texts_of
from tests.contract.served import TUNED
from tests.serving import infer_app, listening

CHAT, RESPONSES, EMBEDDINGS = PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/embeddings")
LIMIT = {CHAT: "max_completion_tokens", RESPONSES: "max_output_tokens"}
QUESTION = {"messages": [{"role": "user", "content": "hello"}], "input": "hello"}
PATIENCE_S = 60.0
"""Longer than the longest of these answers takes on a busy machine: what takes more hangs."""


@pytest.fixture(scope="module")
def http(served) -> Iterator[httpx2.Client]:
    with listening(infer_app(served)) as infer_url:
        app = create_app(served.model_copy(update={"infer_url": infer_url}))
        with listening(app) as url, httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
            yield client


@pytest.fixture(scope="module")
def schema(http: httpx2.Client) -> BaseSchema:
    return schemathesis.openapi.from_dict(http.get("/openapi.json").json())


def check(http: httpx2.Client, path: str, body: Any) -> None:
    """Send a body, however odd, and read the answer to its end."""
    content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    response = http.post(path, content=content, headers={"content-type": "application/json"})
    assert response.status_code in (200, 400, 404), (response.status_code, response.text, content)
    if response.status_code != 200:
        assert sorted(response.json()["error"]) == ["code", "message", "param", "type"]
    elif response.headers["content-type"].startswith("text/event-stream"):
        check_stream(path, response.text, content)
    else:
        assert response.json()["object"] in ("chat.completion", "response"), content


def check_stream(path: str, text: str, content: bytes) -> None:
    """Its last event is the one that ends an answer."""
    *_, last = text.removesuffix("\n\n").split("\n\n")
    assert '"error":{"message"' not in text, (text[-500:], content)
    if path == CHAT:
        assert last == "data: [DONE]", (text[-500:], content)
    elif last.startswith("event: response.failed\n") and json.loads(content).get("background"):
        error = json.loads(last.split("\ndata: ", 1)[1])["response"]["error"]  # a 400 that came too late to be one
        assert error["code"] not in ("server_error", "requests"), (error, content)
    else:
        assert last.startswith(("event: response.completed\n", "event: response.incomplete\n")), (text[-500:], content)


def bounded(path: str, body: Any) -> Any:
    """A body in the mould of the schema, as one that a model here can answer, and soon."""
    if not isinstance(body, dict) or path not in LIMIT:
        return body
    body = {**body, "model": "tiny"} if isinstance(body.get("model"), str) else body
    for name, value in QUESTION.items():
        if name in body and body[name] in ([], [{}]):  # as nearly all of the schema's own examples have them
            body = {**body, name: value}
    for name, most in ((LIMIT[path], 8), ("n", 3)):
        value = body.get(name)
        if value is None or (isinstance(value, int) and value > most):
            body = {**body, name: most}
    return body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_bodies_made_from_the_schema(http: httpx2.Client, schema: BaseSchema, path: str, mode: GenerationMode):
    of_the_schema(schema, path, mode, QUICK, lambda body: check(http, path, bounded(path, body)))


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_many_bodies_made_from_the_schema(http: httpx2.Client, schema: BaseSchema, path: str, mode: GenerationMode):
    of_the_schema(schema, path, mode, LONG, lambda body: check(http, path, bounded(path, body)))


TEXT = texts_of((*TEXT_PARTS, "<|im_end|>", "</think>", "<tool_call>", '{"name": 1}', "{% raw %}"))
JSON = json_of(TEXT)


def mostly(right: st.SearchStrategy[Any], wrong: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[Any]:
    """Right nine times of ten, or else few bodies would get far."""
    return st.integers(0, 9).flatmap(lambda draw: wrong if draw == 9 else right)


WORDS = mostly(st.sampled_from(["a", "hello", "é" * 300, "{{", "<|im_end|>", "</think>", "<tool_call>", "{}"]), TEXT)
BOOL, FLAG = mostly(st.booleans()), st.booleans()
PART = st.fixed_dictionaries({"type": mostly(st.just("text")), "text": WORDS})
CONTENT = mostly(WORDS | st.lists(PART, max_size=2))
KEYWORDS = {
    "properties": st.dictionaries(WORDS, mostly(st.just({"type": "string", "maxLength": 3})), max_size=2),
    "required": st.lists(WORDS, max_size=2),
    "enum": st.lists(JSON, max_size=2),
    "pattern": st.sampled_from(["[", "(a+)+$", "^a{2,3}$", "\\1", "(?=a)"]),
    "$ref": st.sampled_from(["#", "#/$defs/a", "http://127.0.0.1:1/x"]),
    "anyOf": st.lists(JSON, max_size=2),
    "minimum": st.integers() | st.floats(),
    "maxLength": st.integers(-1, 5),
    "items": JSON,
    "x-guidance": JSON,
}
TYPE = mostly(st.sampled_from(["object", "string", "array", "integer", "colour"]))
SCHEMA = mostly(st.fixed_dictionaries({"type": TYPE}, optional=KEYWORDS))
NAMED = st.fixed_dictionaries({"name": WORDS, "schema": SCHEMA}, optional={"strict": BOOL})
FUNCTION = st.fixed_dictionaries({"name": WORDS}, optional={"parameters": SCHEMA, "strict": FLAG})
COMMON = {
    "temperature": st.floats(0, 2) | st.sampled_from([5e-324, 1e-45, 1e-38, 1e-5]),
    "top_p": st.floats(0, 1),
    "tool_choice": mostly(st.sampled_from(["auto", "none", "required"])),
    "parallel_tool_calls": FLAG,
    "stream": FLAG,
    "metadata": st.dictionaries(WORDS, WORDS, max_size=2),
    "store": FLAG,
}
CALLED = st.fixed_dictionaries({"name": WORDS, "arguments": WORDS})
CALL = mostly(st.fixed_dictionaries({"id": WORDS, "type": st.just("function"), "function": mostly(CALLED)}))
MESSAGE = st.fixed_dictionaries(
    {"role": mostly(st.sampled_from(["user", "system", "developer", "assistant", "tool"])), "content": CONTENT},
    optional={"tool_calls": st.lists(CALL, max_size=2), "tool_call_id": JSON, "name": JSON},
)
CHAT_BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["tiny", TUNED]), "messages": st.lists(MESSAGE, min_size=1, max_size=3)},
    optional=COMMON
    | {
        "response_format": mostly(st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": NAMED})),
        "tools": st.lists(
            mostly(st.fixed_dictionaries({"type": st.just("function"), "function": FUNCTION})), max_size=2
        ),
        "logprobs": FLAG,
        "seed": st.integers(),
        "stop": WORDS | st.lists(WORDS, max_size=5),
        "reasoning_effort": st.sampled_from(["none", "low", "max", "odd"]),
        "stream_options": mostly(st.fixed_dictionaries({"include_usage": FLAG})),
    },
)
ITEM = mostly(
    st.one_of(
        st.fixed_dictionaries({"role": mostly(st.sampled_from(["user", "assistant", "developer"])), "content": WORDS}),
        st.fixed_dictionaries(
            {"type": st.just("function_call"), "call_id": WORDS, "name": WORDS, "arguments": mostly(WORDS)}
        ),
        st.fixed_dictionaries({"type": st.just("function_call_output"), "call_id": WORDS, "output": mostly(WORDS)}),
        st.fixed_dictionaries({"type": st.just("reasoning")}, optional={"summary": JSON, "content": JSON, "id": JSON}),
    )
)
FORMAT = mostly(st.fixed_dictionaries({"type": st.just("json_schema"), "name": WORDS, "schema": SCHEMA}))
RESPONSE_BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["tiny", TUNED]), "input": WORDS | st.lists(ITEM, max_size=3)},
    optional=COMMON
    | {
        "instructions": WORDS,
        "text": st.fixed_dictionaries({"format": FORMAT}),
        "tools": st.lists(mostly(FUNCTION.map(lambda function: {"type": "function", **function})), max_size=2),
        "top_logprobs": st.integers(0, 3),
        "reasoning": st.fixed_dictionaries({"effort": st.sampled_from(["none", "low"]), "summary": st.just("auto")}),
        "include": st.lists(mostly(st.just("message.output_text.logprobs")), max_size=2),
        "previous_response_id": mostly(st.none(), TEXT),
        "background": FLAG,
    },
)
BODIES = {CHAT: CHAT_BODY, RESPONSES: RESPONSE_BODY}


def of_hostile_parts(http: httpx2.Client, path: str, count: int) -> None:
    @given(BODIES[path])
    @examples(count)
    def test(body: dict[str, Any]) -> None:
        check(http, path, bounded(path, body))

    test()


@pytest.mark.parametrize("path", list(BODIES))
def test_questions_made_of_hostile_parts(http: httpx2.Client, path: str):
    of_hostile_parts(http, path, 3 * QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("path", list(BODIES))
def test_many_questions_made_of_hostile_parts(http: httpx2.Client, path: str):
    of_hostile_parts(http, path, 2 * LONG)


@pytest.mark.parametrize("temperature", [5e-324, 1e-45, 1e-38, 1e-5])
def test_next_to_no_temperature_is_none(http: httpx2.Client, temperature: float):
    # Scores divided by it are no numbers: a nucleus of them held id 0 alone, which this schema forbids.
    schema = {"name": "{{", "schema": {"<|im_end|>": [None]}}
    fields = {"response_format": {"type": "json_schema", "json_schema": schema}, "temperature": temperature}
    check(http, CHAT, {"model": TUNED, "max_completion_tokens": 8, "n": 3, "top_p": 0.5, **QUESTION, **fields})


@pytest.mark.parametrize("body", [*NO_BODIES, b'{"messages":' * 50_000, b'{"input":' * 50_000])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_body_at_all(http: httpx2.Client, path: str, body: bytes):
    check(http, path, body)
