"""Chat completions that were stored, through the official client."""

import openai
import pytest

from tests.contract.served import TUNED, in_process

ASK = {"messages": [{"role": "user", "content": "hello"}], "max_completion_tokens": 12, "reasoning_effort": "none"}


@pytest.fixture(scope="module")
def client(served):
    with in_process(served) as client:
        yield client


def test_what_is_stored_can_be_read_back_changed_and_forgotten(client):
    stored = client.chat.completions
    made = stored.create(model=TUNED, store=True, metadata={"run": "one"}, temperature=0.5, seed=4, **ASK)
    found = stored.retrieve(made.id)
    assert (found.id, found.choices, found.usage) == (made.id, made.choices, made.usage)
    assert (found.metadata, found.temperature, found.seed) == ({"run": "one"}, 0.5, 4)
    (message,) = stored.messages.list(made.id).data
    assert (message.content, message.role) == ("hello", "user")
    assert stored.update(made.id, metadata={"run": "two"}).metadata == {"run": "two"}
    assert [each.id for each in stored.list(metadata={"run": "two"})] == [made.id]
    assert [each.id for each in stored.list(metadata={"run": "one"})] == []
    assert stored.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        stored.retrieve(made.id)
    assert caught.value.code == "chat_completion_not_found"


def test_a_stream_is_stored_as_what_it_amounts_to(client):
    plain = client.chat.completions.create(model="tiny", seed=5, **ASK)
    chunks = list(client.chat.completions.create(model="tiny", seed=5, store=True, stream=True, **ASK))
    assert all(chunk.choices for chunk in chunks)
    found = client.chat.completions.retrieve(chunks[0].id)
    assert found.choices[0].message.content == plain.choices[0].message.content
    assert found.choices[0].finish_reason == plain.choices[0].finish_reason
    assert found.usage.total_tokens == plain.usage.total_tokens


def test_lists_are_in_pages_oldest_first_and_of_one_model(client):
    ids = [client.chat.completions.create(model=name, store=True, **ASK).id for name in ("tiny", TUNED, "tiny")]
    listed = [each.id for each in client.chat.completions.list(limit=1) if each.id in ids]
    assert listed == ids
    assert [each.id for each in client.chat.completions.list(order="desc") if each.id in ids] == ids[::-1]
    assert [each.id for each in client.chat.completions.list(model=TUNED) if each.id in ids] == [ids[1]]


def test_without_store_nothing_is_kept(client):
    made = client.chat.completions.create(model="tiny", **ASK)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)


def test_metadata_has_limits(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", store=True, metadata={"k" * 65: "v"}, **ASK)
    assert caught.value.param == "metadata"
