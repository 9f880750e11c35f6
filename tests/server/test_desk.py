import asyncio
import time

import pytest

from burnish.core.errors import NotFound, Unavailable
from burnish.core.records import NewEvent
from burnish.server.auth import Caller
from burnish.server.desk import Desk, desk_of
from tests.door import Door
from tests.rows import file, job, model, model_name


@pytest.fixture
def desk(door: Door) -> Desk:
    return desk_of(door.state, Caller("default", is_admin=False))


def test_a_name_is_served_if_it_or_its_alias_means_a_model(door: Door, desk: Desk):
    door.state.store.models.insert(model("ftjob-a", 1))
    for name in ("burnish-starter", "o4-mini-2025-04-16", "judge", "gpt-4o-2024-08-06", model_name(1)):
        assert desk.is_served(name)
    assert not desk.is_served("gpt-5")


def test_only_bases_are_local(desk: Desk):
    assert desk.settings.is_local("burnish-starter")
    assert not desk.settings.is_local("judge")


def test_expired_files_go_with_their_bytes_whosever_they_are(door: Door, desk: Desk):
    for name, project in (("file-old", "default"), ("file-other", "b")):
        door.state.blobs.put(f"files/{name}", b"x")
        door.state.store.files.insert(file(name, project=project, expires_at=int(time.time()) - 1))
    desk.expire()
    for name in ("file-old", "file-other"):
        assert door.state.store.files.get(name) is None
        assert not door.state.blobs.has(f"files/{name}")


def test_a_desk_has_the_rows_of_its_callers_project_alone(door: Door, desk: Desk):
    other = desk_of(door.state, Caller("b", is_admin=True))
    door.state.store.jobs.insert(job("ftjob-b", project="b"), NewEvent("created"))
    assert other.store.jobs.require("ftjob-b").project == "b"
    with pytest.raises(NotFound):
        desk.store.jobs.require("ftjob-b")


def test_a_judge_of_another_project_is_not_found(door: Door, desk: Desk):
    door.state.store.models.insert(model("ftjob-b", 1, project="b"))
    assert desk.tools.chat is desk.chats
    with pytest.raises(NotFound, match="does not exist"):
        asyncio.run(desk.chats.find(model_name(1)))
    with pytest.raises(Unavailable):  # it is there, but there is no inference process
        asyncio.run(desk_of(door.state, Caller("b", is_admin=False)).chats.find(model_name(1)))
