from pathlib import Path
from urllib.parse import quote

import pytest

from tests.door import Door, error_of, opened
from tests.rows import model, model_name


def test_every_name_that_a_request_may_give_is_listed(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    names = {each.id for each in door.client.models.list()}
    assert names == {"burnish-starter", "judge", "o4-mini-2025-04-16", "gpt-4o-2024-08-06", model_name(1)}


def test_an_alias_tells_what_it_stands_for(door: Door):
    alias = door.http.get("/v1/models/o4-mini-2025-04-16").json()
    assert alias["id"] == "o4-mini-2025-04-16"
    assert alias["alias_of"] == "burnish-starter"


@pytest.mark.parametrize("escape", [str, lambda name: quote(name, safe="")], ids=["raw", "escaped"])
def test_colons_and_slashes_in_a_name_are_no_obstacle(door: Door, escape):
    for name in (model_name(1), "ft:org/base:local:my-suffix:abcd1234"):
        door.state.store.models.insert(model("ftjob-a", 1, name=name))
        assert door.http.get(f"/v1/models/{escape(name)}").json()["id"] == name
        deleted = door.http.delete(f"/v1/models/{escape(name)}").json()
        assert deleted == {"id": name, "object": "model", "deleted": True}
        assert error_of(door.http.get(f"/v1/models/{escape(name)}")) == (404, "model", "model_not_found")


def test_files_go_with_the_last_model_that_uses_them(door: Door):
    door.state.blobs.put("models/1/weights", b"w")
    door.state.store.models.insert(model("ftjob-a", 1))
    door.state.store.models.insert(model("ftjob-a", 1, name="ft:final"))
    door.client.models.delete("ft:final")
    assert door.state.blobs.has("models/1/weights")
    door.client.models.delete(model_name(1))
    assert not door.state.blobs.has("models/1/weights")


def test_only_tuned_models_can_be_deleted(door: Door):
    for name in ("burnish-starter", "judge", "o4-mini-2025-04-16"):
        assert error_of(door.http.delete(f"/v1/models/{name}")) == (400, "model", "model_not_deletable")
    assert error_of(door.http.delete("/v1/models/gpt-5")) == (404, "model", "model_not_found")


def test_an_alias_of_nothing_is_no_model(tmp_path: Path):
    with opened(tmp_path, models={"aliases": {"best": model_name(1), "burnish-starter": model_name(1)}}) as door:
        assert door.client.models.list().data == []
        for name in ("best", "burnish-starter"):
            for method in ("GET", "DELETE"):
                refused = door.http.request(method, f"/v1/models/{name}")
                assert error_of(refused) == (404, "model", "model_not_found")
        door.state.store.models.insert(model("ftjob-a", 1))
        assert [each.id for each in door.client.models.list()] == ["burnish-starter", "best", model_name(1)]
