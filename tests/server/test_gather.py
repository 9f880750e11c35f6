from burnish.server.gather import Gathered

HEAD = {"id": "c", "created": 1, "model": "m", "system_fingerprint": None, "object": "chat.completion.chunk"}


def gathered(*chunks: dict) -> dict:
    whole = Gathered()
    for chunk in chunks:
        whole.push({**HEAD, **chunk})
    return whole.completion()


def choice(delta: dict, index: int = 0, **fields: object) -> dict:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": None, "logprobs": None, **fields}]}


def test_texts_join_choice_by_choice():
    whole = gathered(
        choice({"role": "assistant", "content": ""}),
        choice({"content": "a"}, 1),
        choice({"content": "b"}),
        choice({"content": "c"}),
        choice({}, 1, finish_reason="stop"),
        choice({}, finish_reason="length"),
        {"choices": [], "usage": {"total_tokens": 7}},
    )
    assert [each["message"]["content"] for each in whole["choices"]] == ["bc", "a"]
    assert [each["finish_reason"] for each in whole["choices"]] == ["length", "stop"]
    assert (whole["object"], whole["id"], whole["usage"]) == ("chat.completion", "c", {"total_tokens": 7})


def test_calls_join_piece_by_piece_as_other_endpoints_send_them():
    whole = gathered(
        choice({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": ""}}]}),
        choice({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
        choice({"tool_calls": [{"index": 1, "id": "y", "function": {"name": "g", "arguments": "{}"}}]}),
        choice({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}, finish_reason="tool_calls"),
    )
    message = whole["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"] == [
        {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "y", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_log_probs_join():
    whole = gathered(
        choice({"content": "a"}, logprobs={"content": [1], "refusal": None}),
        choice({"content": "b"}, logprobs={"content": [2, 3]}),
        choice({"content": "c"}),
    )
    assert whole["choices"][0]["logprobs"] == {"content": [1, 2, 3], "refusal": None}
