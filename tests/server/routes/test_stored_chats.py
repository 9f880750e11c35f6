from tests.door import Door, error_of
from tests.rows import exchange


def test_parts_of_a_message_are_shown_beside_its_text(door: Door):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    asked = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": None}]}
    door.state.store.exchanges.insert(exchange("chatcmpl-1", request=asked))
    first, second = door.http.get("/v1/chat/completions/chatcmpl-1/messages").json()["data"]
    assert (first["content"], first["content_parts"]) == ("ab", parts)
    assert (second["content"], second["content_parts"]) == (None, None)
    rest = door.http.get(f"/v1/chat/completions/chatcmpl-1/messages?after={first['id']}").json()
    assert [each["id"] for each in rest["data"]] == [second["id"]]


def test_a_page_from_nowhere_is_refused(door: Door):
    door.state.store.exchanges.insert(exchange("chatcmpl-1"))
    answer = door.http.get("/v1/chat/completions/chatcmpl-1/messages?after=x")
    assert error_of(answer) == (400, "after", "invalid_value")


def test_metadata_must_be_given(door: Door):
    assert error_of(door.http.post("/v1/chat/completions/chatcmpl-1", json={}))[:2] == (400, "metadata")
