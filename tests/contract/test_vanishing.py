"""Clients that vanish in the middle of their streams, over sockets and through both processes' apps."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from burnish.infer.app import create_app as app_of_fleet
from burnish.infer.fleet import Fleet
from burnish.server.app import create_app
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from tests.contract.served import TUNED, write_served
from tests.serving import listening

CLIENTS = 12
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[tuple[str, Fleet]]:
    settings: Settings = write_served(tmp_path_factory.mktemp("served"))
    fleet = Fleet(settings, open_blobs(settings))
    with listening(app_of_fleet(fleet)) as infer:
        settings = settings.model_copy(update={"infer_url": infer})
        with listening(create_app(settings)) as url:
            yield url, fleet


def begin(url: str, path: str, body: dict) -> socket.socket:
    """A client that has read the first bytes of its stream."""
    host, port = url.removeprefix("http://").split(":")
    data = json.dumps(body).encode()
    client = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    client.sendall(head.encode() + data)
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


def held(fleet: Fleet) -> int:
    """Requests, answers, rows and uses of adapters that are still there."""
    seats = [task.result() for task in fleet._seats.values()]
    rows = sum(len(seat.driver._engine._rows) + len(seat.driver._engine._pending) for seat in seats)
    return fleet.users + sum(seat.driver.load + sum(seat.adapters.values()) for seat in seats) + rows


@pytest.mark.parametrize("model", ["tiny", TUNED])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_whoever_vanishes_leaves_nothing_behind(site, path, model):
    url, fleet = site
    body: dict = {"model": model, "stream": True, "temperature": 2.0}
    if path == "/v1/responses":
        body |= {"input": "Say much.", "store": False, "max_output_tokens": 400}
    else:
        body |= {"messages": [{"role": "user", "content": "Say much."}], "n": 8, "max_completion_tokens": 400}
    clients = [begin(url, path, body) for _ in range(CLIENTS)]
    for client in clients:
        client.close()
    deadline = time.monotonic() + PATIENCE_S
    while held(fleet) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert held(fleet) == 0
    with begin(url, path, body) as client:
        assert client.recv(1) != b""


def test_a_plain_answer_that_nobody_waits_for_is_not_worked_at_any_longer(site):
    url, fleet = site
    body = {"model": "tiny", "messages": [{"role": "user", "content": "Say much."}], "n": 128, "temperature": 2.0}
    host, port = url.removeprefix("http://").split(":")
    data = json.dumps({**body, "max_completion_tokens": 400}).encode()
    client = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    client.sendall(head + b"content-length: %d\r\n\r\n" % len(data) + data)
    deadline = time.monotonic() + PATIENCE_S
    while not held(fleet) and time.monotonic() < deadline:
        time.sleep(0.001)
    client.close()
    while held(fleet) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert held(fleet) == 0


def test_the_sockets_of_those_who_vanished_are_closed_on_both_sides(site):
    url, fleet = site
    body = {"model": "tiny", "stream": True, "messages": [{"role": "user", "content": "Say much."}]}
    begin(url, "/v1/chat/completions", body).close()

    def files() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    deadline = time.monotonic() + PATIENCE_S
    while held(fleet) and time.monotonic() < deadline:
        time.sleep(0.02)
    before = files()
    for _ in range(3 * CLIENTS):
        begin(url, "/v1/chat/completions", body).close()
    while (held(fleet) or files() > before + 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert files() <= before + 2
