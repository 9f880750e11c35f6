"""Models through the official client: whole bodies, as JSON."""

from tests.contract.shape import missing
from tests.door import Door
from tests.rows import NOW, model, model_name


def test_all_models_in_one_list(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    body = door.client.models.with_raw_response.list().http_response.json()
    assert body == {
        "object": "list",
        "data": [
            {"id": "burnish-starter", "object": "model", "created": 0, "owned_by": "burnish"},
            {"id": "judge", "object": "model", "created": 0, "owned_by": "local"},
            {
                "id": "o4-mini-2025-04-16",
                "object": "model",
                "created": 0,
                "owned_by": "local",
                "alias_of": "burnish-starter",
            },
            {"id": "gpt-4o-2024-08-06", "object": "model", "created": 0, "owned_by": "local", "alias_of": "judge"},
            {"id": model_name(1), "object": "model", "created": NOW, "owned_by": "local"},
        ],
    }


def test_a_tuned_model_is_retrieved_and_deleted(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    found = door.client.models.retrieve(model_name(1))
    assert missing(found) == []
    assert found.created == NOW
    deleted = door.client.models.with_raw_response.delete(model_name(1)).http_response.json()
    assert deleted == {"id": model_name(1), "object": "model", "deleted": True}
