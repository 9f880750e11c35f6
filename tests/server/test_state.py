import time

from tests.door import Door
from tests.rows import file, model, model_name


def test_a_name_is_served_if_it_or_its_alias_means_a_model(door: Door):
    door.state.store.models.insert(model("ftjob-a", 1))
    for name in ("burnish-starter", "o4-mini-2025-04-16", "judge", "gpt-4o-2024-08-06", model_name(1)):
        assert door.state.is_served(name)
    assert not door.state.is_served("gpt-5")


def test_only_bases_are_local(door: Door):
    assert door.state.settings.is_local("burnish-starter")
    assert not door.state.settings.is_local("judge")


def test_expired_files_go_with_their_bytes(door: Door):
    door.state.blobs.put("files/file-old", b"x")
    door.state.store.files.insert(file("file-old", expires_at=int(time.time()) - 1))
    door.state.expire_files()
    assert door.state.store.files.get("file-old") is None
    assert not door.state.blobs.has("files/file-old")
