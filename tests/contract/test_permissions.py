"""Sharing a model between projects through the official client: whole bodies, as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from burnish.core.records import NewEvent
from burnish.spec.job import JobRequest
from tests.contract.shape import missing
from tests.door import Door, opened
from tests.rows import NOW, job, job_body, model, model_name

TUNED = model_name(1)
SLASHED = "ft:org/base:local::abcd0001"
ALIAS = "best"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path, models={"aliases": {ALIAS: SLASHED}}) as door:
        for name in (TUNED, SLASHED):
            door.state.store.models.insert(model("ftjob-a", 1, project="a", name=name))
        _client(door, "a")
        yield door


def _client(door: Door, project: str, *, is_admin: bool = False) -> openai.OpenAI:
    secret = door.state.store.keys.create(project, now=NOW, project=project, is_admin=is_admin).secret
    return door.client.with_options(api_key=secret)


@pytest.fixture
def admin(door: Door) -> Any:
    """The permissions as an admin of a project of its own sees them."""
    return _client(door, "admins", is_admin=True).fine_tuning.checkpoints.permissions


@pytest.fixture
def b(door: Door) -> openai.OpenAI:
    return _client(door, "b")


def test_a_permission_from_its_grant_to_its_end(admin: Any, b: openai.OpenAI):
    raw = admin.with_raw_response.create(TUNED, project_ids=["b"])
    body = raw.http_response.json()
    (granted,) = body["data"]
    assert granted == {
        "object": "checkpoint.permission",
        "id": granted["id"],
        "created_at": granted["created_at"],
        "project_id": "b",
    }
    assert granted["id"].startswith("cp_")
    listed = {"object": "list", "data": [granted], "has_more": False}
    assert body == listed | {"first_id": granted["id"], "last_id": granted["id"]}
    assert [missing(each) for each in raw.parse()] == [[]]
    assert admin.with_raw_response.list(TUNED).http_response.json() == body
    with pytest.warns(DeprecationWarning):
        assert [each.id for each in admin.retrieve(TUNED).data] == [granted["id"]]
    deleted = admin.with_raw_response.delete(granted["id"], fine_tuned_model_checkpoint=TUNED).http_response.json()
    assert deleted == {"id": granted["id"], "object": "checkpoint.permission", "deleted": True}
    assert list(admin.list(TUNED)) == []


@pytest.mark.parametrize("name", [TUNED, SLASHED])
def test_a_shared_model_is_listed_retrieved_and_answers(admin: Any, b: openai.OpenAI, name: str):
    granted = admin.create(name, project_ids=["b"]).data[0]
    assert name in {each.id for each in b.models.list()}
    assert b.models.retrieve(name).id == name
    assert isinstance(_asked(b, name), openai.InternalServerError)  # there is no inference process here
    admin.delete(granted.id, fine_tuned_model_checkpoint=name)
    assert name not in {each.id for each in b.models.list()}
    assert isinstance(_asked(b, name), openai.NotFoundError)
    with pytest.raises(openai.NotFoundError):
        b.models.retrieve(name)


def test_an_alias_is_shared_with_its_model(admin: Any, b: openai.OpenAI):
    assert isinstance(_asked(b, ALIAS), openai.NotFoundError)
    admin.create(SLASHED, project_ids=["b"])
    assert ALIAS in {each.id for each in b.models.list()}
    assert b.models.retrieve(ALIAS).id == ALIAS
    assert isinstance(_asked(b, ALIAS), openai.InternalServerError)


def _asked(client: openai.OpenAI, name: str) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hello"}])
    return caught.value


def test_a_shared_model_is_not_the_others_to_delete(admin: Any, b: openai.OpenAI, door: Door):
    admin.create(TUNED, project_ids=["b"])
    with pytest.raises(openai.PermissionDeniedError) as caught:
        b.models.delete(TUNED)
    assert caught.value.code == "insufficient_permissions"
    assert door.state.store.models.get(TUNED) is not None


def test_its_owner_deletes_it_once_nobody_else_may_use_it(admin: Any, b: openai.OpenAI, door: Door):
    (granted,) = admin.create(TUNED, project_ids=["b"])
    owner = _client(door, "a")
    with pytest.raises(openai.BadRequestError, match=f"permission '{granted.id}' of project 'b'") as caught:
        owner.models.delete(TUNED)
    assert (caught.value.param, caught.value.code) == ("model", "model_in_use")
    admin.delete(granted.id, fine_tuned_model_checkpoint=TUNED)
    assert owner.models.delete(TUNED).deleted


def test_a_model_with_an_alias_is_in_use(door: Door):
    owner = _client(door, "a")
    with pytest.raises(openai.BadRequestError, match="alias 'best'") as caught:
        owner.models.delete(SLASHED)
    assert caught.value.code == "model_in_use"


def test_a_checkpoint_of_a_job_that_goes_on_is_in_use(door: Door):
    request = JobRequest.model_validate(job_body()).record()
    door.state.store.jobs.insert(job("ftjob-a", project="a", request=request), NewEvent("created"))
    owner = _client(door, "a")
    with pytest.raises(openai.BadRequestError, match=r"job 'ftjob-a' \(validating_files\)"):
        owner.models.delete(TUNED)
    owner.fine_tuning.jobs.cancel("ftjob-a")
    assert owner.models.delete(TUNED).deleted


def test_the_client_pages_through_permissions(admin: Any, door: Door):
    projects = [f"p{number}" for number in range(5)]
    for project in projects:
        _client(door, project)
    admin.create(TUNED, project_ids=projects)
    assert [each.project_id for each in admin.list(TUNED, limit=2, order="ascending")] == projects
    assert [each.project_id for each in admin.list(TUNED, limit=2)] == projects[::-1]
    assert [each.project_id for each in admin.list(TUNED, project_id="p3")] == ["p3"]


@pytest.mark.parametrize("project", ["a", "b"])
@pytest.mark.parametrize("name", [TUNED, "ft:nothing"])
def test_only_an_admin_may_ask_and_nobody_else_learns_what_is_there(door: Door, project: str, name: str):
    permissions = _client(door, project).fine_tuning.checkpoints.permissions
    for call in (
        lambda: permissions.create(name, project_ids=["b"]),
        lambda: permissions.list(name),
        lambda: permissions.delete("cp_x", fine_tuned_model_checkpoint=name),
    ):
        with pytest.raises(openai.PermissionDeniedError, match="admin key") as caught:
            call()
        assert caught.value.code == "insufficient_permissions"


def test_what_is_not_there_is_not_found(admin: Any):
    for call in (
        lambda: admin.create("ft:nothing", project_ids=["admins"]),
        lambda: admin.list("ft:nothing"),
        lambda: admin.delete("cp_x", fine_tuned_model_checkpoint="ft:nothing"),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            call()
        assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError) as caught:
        admin.delete("cp_x", fine_tuned_model_checkpoint=TUNED)
    assert caught.value.code == "permission_not_found"


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"project_ids": ["b", "nobody"]}, "project_ids[1]", "project_not_found"),
        ({"project_ids": ["a"]}, "project_ids", "invalid_value"),
        ({"project_ids": []}, "project_ids", "array_below_min_length"),
        ({"project_ids": "b"}, "project_ids", "invalid_type"),
        ({"project_ids": [7]}, "project_ids[0]", "invalid_type"),
        ({}, "project_ids", "missing_required_parameter"),
        ({"project_ids": ["b"], "role": "x"}, "role", "unknown_parameter"),
    ],
)
def test_a_bad_grant_is_refused_and_grants_nothing(admin: Any, b: Any, body: dict, param: str, code: str):
    with pytest.raises(openai.BadRequestError) as caught:
        admin._post(f"/fine_tuning/checkpoints/{TUNED}/permissions", body=body, cast_to=object)
    assert (caught.value.param, caught.value.code) == (param, code)
    assert list(admin.list(TUNED)) == []
