from urllib.parse import quote

import pytest

from tests.door import Door, error_of
from tests.rows import NOW, model, model_name

NAME = model_name(1)


@pytest.fixture
def permissions(door: Door) -> str:
    """The path of a model's permissions, on a server whose other project is `b`; its client has an admin key."""
    store = door.state.store
    store.models.insert(model("ftjob-a", 1))
    store.keys.create("b", now=NOW, project="b")
    secret = store.keys.create("admin", now=NOW, is_admin=True).secret
    door.http.headers["authorization"] = f"Bearer {secret}"
    return f"/v1/fine_tuning/checkpoints/{NAME}/permissions"


@pytest.mark.parametrize("escape", [str, lambda name: quote(name, safe="")], ids=["raw", "escaped"])
def test_colons_and_slashes_in_a_name_are_no_obstacle(door: Door, permissions: str, escape):
    for name in (NAME, "ft:org/base:local:my/permissions/x:abcd1234"):
        if name != NAME:
            door.state.store.models.insert(model("ftjob-a", 1, name=name))
        path = permissions.replace(NAME, escape(name))
        granted = door.http.post(path, json={"project_ids": ["b"]}).json()["data"][0]
        assert [each["id"] for each in door.http.get(path).json()["data"]] == [granted["id"]]
        assert door.http.delete(f"{path}/{granted['id']}").json()["deleted"] is True


def test_a_wrong_order_is_refused(door: Door, permissions: str):
    refused = door.http.get(permissions, params={"order": "asc"})
    assert error_of(refused) == (400, "order", "invalid_value")


def test_an_unknown_project_says_how_projects_are_made(door: Door, permissions: str):
    refused = door.http.post(permissions, json={"project_ids": ["b", "c"]})
    assert error_of(refused) == (400, "project_ids[1]", "project_not_found")
    assert "burnish keys create --project" in refused.json()["error"]["message"]
    assert door.http.get(permissions).json()["data"] == []
