"""The door of inference, in front of real processes of bases."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from burnish.infer.hall import create_app
from burnish.infer.keeper import Keeper
from burnish.store.blobs import open_blobs
from tests.serving import tiny_settings
from tests.tiny import write_tiny_model


@pytest.fixture(scope="module")
def http(tmp_path_factory) -> Iterator[TestClient]:
    model = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    settings = tiny_settings(tmp_path_factory.mktemp("data"), model)
    with TestClient(create_app(Keeper(settings, open_blobs(settings))), follow_redirects=False) as http:
        yield http


def test_a_request_is_sent_on_with_its_path_to_the_process_of_its_base(http):
    answer = http.post("/v1/chat/completions", json={"burnish": {"base": "tiny"}})
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("http://127.0.0.1:")
    assert answer.headers["location"].endswith("/v1/chat/completions")
    again = http.post("/v1/chat/completions", json={"burnish": {"base": "tiny", "kind": "lora", "blob": "models/a"}})
    assert again.headers["location"] == answer.headers["location"]
    assert len(http.get("/health").json()["bases"]) == 1


@pytest.mark.parametrize("body", [[], {}, {"burnish": None}, {"burnish": {"kind": "lora"}}])
def test_without_weights_it_is_a_400(http, body):
    answer = http.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "burnish")
