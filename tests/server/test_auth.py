from pathlib import Path

import openai
import pytest
from starlette.datastructures import Headers

from burnish.core.errors import InvalidKey
from burnish.server.auth import EVERYBODY, Auth, Caller, is_loopback
from burnish.store.store import Store, store_at
from tests.door import Door, error_of
from tests.rows import NOW


def test_until_a_first_key_exists_any_key_or_none_will_do(door: Door):
    assert door.http.get("/v1/models").status_code == 200
    assert door.http.get("/v1/models", headers={"authorization": "Bearer nonsense"}).status_code == 200


def test_afterwards_every_route_wants_a_valid_key(door: Door):
    secret = door.state.store.keys.create("first", now=NOW).secret
    for path in ("/v1/models", "/v1/files", "/v1/fine_tuning/jobs", "/v1/burnish/health", "/v1/nowhere"):
        assert error_of(door.http.get(path)) == (401, None, "invalid_api_key")
        for wrong in ("Bearer wrong", f"Basic {secret}", "Bearer", "Bearer  "):
            assert error_of(door.http.get(path, headers={"authorization": wrong})) == (401, None, "invalid_api_key")
    assert door.http.get("/v1/models", headers={"authorization": f"Bearer {secret}"}).status_code == 200


def test_a_revoked_key_is_refused(door: Door):
    new = door.state.store.keys.create("first", now=NOW)
    client = door.client.with_options(api_key=new.secret)
    assert client.models.list().data
    door.state.store.keys.revoke(new.key.id, now=NOW)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_refused_key_is_not_repeated_in_full(door: Door):
    door.state.store.keys.create("first", now=NOW)
    answer = door.http.get("/v1/models", headers={"authorization": "Bearer sk-wrong-secret-1234"})
    assert "sk-...1234" in answer.json()["error"]["message"]
    assert "wrong-secret" not in answer.text


def test_an_upload_without_a_key_is_refused_before_its_body_is_read(door: Door):
    door.state.store.keys.create("first", now=NOW)
    answer = door.http.post("/v1/files", content=b"no form at all", headers={"content-type": "multipart/form-data"})
    assert error_of(answer) == (401, None, "invalid_api_key")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_at(f"sqlite:///{tmp_path}/rows.db")


def test_a_server_on_the_network_lets_nobody_in_without_a_key(store: Store):
    with pytest.raises(InvalidKey, match="no API key yet"):
        Auth(store.keys, is_loopback=False).identify(Headers({"authorization": "Bearer any"}))
    store.close()


def test_web_pages_of_other_sites_may_not_use_a_server_without_keys(store: Store):
    auth = Auth(store.keys, is_loopback=True)
    auth.identify(Headers({"sec-fetch-site": "same-origin"}))
    with pytest.raises(InvalidKey):
        auth.identify(Headers({"sec-fetch-site": "cross-site"}))
    store.close()


def test_only_loopback_addresses_are_loopback():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.com")] == [False] * 4


def test_a_key_says_for_whom_a_request_comes(store: Store):
    auth = Auth(store.keys, is_loopback=True)
    assert auth.identify(Headers({})) == EVERYBODY == Caller("default", is_admin=True)
    for project, is_admin in (("default", False), ("research", True)):
        secret = store.keys.create("k", now=NOW, project=project, is_admin=is_admin).secret
        assert auth.identify(Headers({"authorization": f"Bearer {secret}"})) == Caller(project, is_admin)
    store.close()
