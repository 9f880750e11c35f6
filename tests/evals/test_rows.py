import json
from typing import Any

import pytest

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.evaluation import Outcome
from burnish.evals.conduct import DATA_SOURCE
from burnish.evals.rows import Row, Source
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.store import Store
from tests.rows import NOW, eval_item, eval_run, evaluation, exchange, file

ASKED = {"type": "item_reference", "item_reference": "item.messages"}


def rows(store: Store, blobs: Blobs, source: dict[str, Any], **data_source: Any) -> list[Row]:
    sent = {"type": "jsonl", "source": source, **data_source}
    run = eval_run("evalrun_1", "eval_1", data_source=sent)
    return list(Source(run, DATA_SOURCE.validate_python(sent), store, blobs).rows())


def kept(store: Store, blobs: Blobs, data: bytes) -> dict[str, Any]:
    """A source that is a file with these bytes."""
    store.files.insert(file("file-1"))
    blobs.put(file_blob("file-1"), data)
    return {"type": "file_id", "id": "file-1"}


def test_rows_of_the_request_come_with_their_answers(store, blobs):
    content = [{"item": {"n": 1}, "sample": {"output_text": "a"}}, {"item": {"n": 2}}]
    found = rows(store, blobs, {"type": "file_content", "content": content})
    assert found == [Row(0, 0, {"n": 1}, {"output_text": "a"}), Row(1, 1, {"n": 2}, None)]


def test_a_row_has_a_place_for_each_of_its_answers(store, blobs):
    content = [{"item": {"n": n}} for n in range(2)]
    source = {"type": "file_content", "content": content}
    found = rows(store, blobs, source, type="completions", model="tiny", input_messages=ASKED, samples=3)
    assert [(row.place, row.number) for row in found] == [(0, 0), (3, 1)]


def test_lines_of_a_file_are_items_or_hold_one(store, blobs):
    data = b'{"item": {"n": 1}, "sample": {"output_text": "a"}}\r\n\n{"item": 5, "n": 2}\n{"n": "\xe2\x80\xa8"}'
    found = rows(store, blobs, kept(store, blobs, data))
    assert [(row.number, row.item, row.sample) for row in found] == [
        (0, {"n": 1}, {"output_text": "a"}),
        (1, {"item": 5, "n": 2}, None),
        (2, {"n": "\u2028"}, None),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "is no JSON:"),
        (b"[1]", "is no JSON object"),
        (b'{"item": 5}', "must hold objects"),
        (b'{"item": {}, "sample": "a"}', "must hold objects"),
        (b'{"n": NaN}', "is no JSON:"),
        (b'{"n": "\\ud800"}', "is no JSON:"),
        (b"\xff{}", "is no JSON:"),
        (b"[" * 100_000, "is no JSON:"),
    ],
)
def test_a_line_that_is_none_is_named(store, blobs, line: bytes, words: str):
    source = kept(store, blobs, b'{"n": 1}\n\n' + line + b"\n")
    with pytest.raises(InvalidRequest, match=f"Line 3 of file 'file-1' {words}") as refusal:
        rows(store, blobs, source)
    assert (refusal.value.param, refusal.value.code) == ("data_source.source.id", "invalid_eval_item")


def test_a_long_file_is_read_in_pieces(store, blobs):
    wanted = [{"n": n, "text": "x" * 1000} for n in range(5000)]
    data = "\n".join(json.dumps(row) for row in wanted).encode()
    assert [row.item for row in rows(store, blobs, kept(store, blobs, data))] == wanted


def test_a_file_that_has_gone_is_told(store, blobs):
    with pytest.raises(InvalidRequest, match="file-2"):
        rows(store, blobs, {"type": "file_id", "id": "file-2"})


def completion(number: int, **changes: Any) -> Any:
    message = {"role": "assistant", "content": f"answer {number}"}
    return exchange(
        f"chatcmpl-{number}", created_at=NOW - 300 + number, answer={"choices": [{"message": message}]}, **changes
    )


def test_stored_completions_are_items_with_what_was_answered(store, blobs):
    for number in range(250):
        store.exchanges.insert(completion(number))
    source = {"type": "stored_completions", "created_after": NOW - 298, "limit": 230}
    found = rows(store, blobs, source, type="completions")
    assert len(found) == 230
    first = found[0]
    assert first.item["id"] == "chatcmpl-2"
    assert first.item["input"] == [{"role": "user", "content": "hello"}]
    assert first.sample["output"][0]["content"] == "answer 2"


def response(number: int, **changes: Any) -> Any:
    call = {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": "{}"}
    text = {"type": "message", "content": [{"type": "output_text", "text": f"answer {number}"}]}
    answer = {"output": [{"type": "reasoning", "summary": []}, text, call], "temperature": 0.5, **changes}
    asked = [{"role": "user", "content": "hello"}]
    return exchange(f"resp_{number}", kind="response", created_at=NOW, request={"input": asked}, answer=answer)


def test_stored_responses_are_items_as_one_message(store, blobs):
    store.exchanges.insert(response(1, instructions="Be brief"))
    [row] = rows(store, blobs, {"type": "responses"}, type="responses")
    assert (row.item["instructions"], row.item["input"][0]["content"]) == ("Be brief", "hello")
    [message] = row.sample["output"]
    assert (message["content"], message["tool_calls"][0]["function"]["name"]) == ("answer 1", "add")


@pytest.mark.parametrize(
    "wanted",
    [
        {"instructions_search": "brief"},
        {"reasoning_effort": "low"},
        {"temperature": 0.7},
        {"top_p": 0.8},
        {"tools": ["add"]},
        {"users": ["ann"]},
    ],
)
def test_stored_responses_are_looked_for_by_what_they_say(store, blobs, wanted: dict[str, Any]):
    store.exchanges.insert(response(1))
    fits = {"instructions": "Be BRIEF", "reasoning": {"effort": "low"}, "temperature": 0.7, "top_p": 0.8}
    store.exchanges.insert(response(2, **fits, tools=[{"name": "add"}], user="ann"))
    found = rows(store, blobs, {"type": "responses", **wanted}, type="responses")
    assert [row.item["id"] for row in found] == ["resp_2"]


def test_rows_of_another_run_keep_their_places(store, blobs):
    store.evals.insert(evaluation("eval_1"))
    store.eval_runs.insert(eval_run("evalrun_0", "eval_1"))
    claimed = store.eval_runs.claim(60, NOW)
    items = [eval_item("evalrun_0", place, row=place // 2) for place in (3, 0)]
    store.eval_runs.add("evalrun_0", claimed.attempt, Outcome(items, {}))
    found = rows(store, blobs, {"type": "eval_run", "id": "evalrun_0"})
    assert [(row.place, row.number) for row in found] == [(0, 0), (3, 1)]
    assert found[0].sample == {"output": [{"role": "assistant", "content": "4"}]}
    with pytest.raises(NotFound, match="evalrun_9"):
        rows(store, blobs, {"type": "eval_run", "id": "evalrun_9"})
