import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from burnish.dashboard.gate import Gate, is_foreign


async def _greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")


INSIDE = Starlette(
    routes=[Route("/", lambda _: PlainTextResponse("ok"), methods=["GET", "POST"]), WebSocketRoute("/socket", _greet)]
)


@pytest.fixture
def http():
    return TestClient(Gate(INSIDE))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}),
        ("POST", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}),
        ("POST", {"origin": "https://example.com"}),
        ("POST", {"origin": "null"}),
    ],
)
def test_what_another_sites_page_sends_is_refused(http: TestClient, method: str, headers: dict[str, str]):
    assert http.request(method, "/", headers=headers).status_code == 403


def test_a_link_on_another_site_may_be_followed():
    headers = Headers({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "host": "here"})
    assert not is_foreign(headers, "GET")


def test_our_own_pages_are_let_in_under_a_policy_that_names_no_other_host(http: TestClient):
    answer = http.post("/", headers={"origin": "http://testserver", "sec-fetch-site": "same-origin"})
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]


def test_a_socket_opens_for_our_own_pages_alone(http: TestClient):
    with http.websocket_connect("/socket", headers={"origin": "http://testserver"}) as socket:
        assert socket.receive_text() == "hello"
    with (
        pytest.raises(WebSocketDisconnect),
        http.websocket_connect("/socket", headers={"origin": "https://example.com"}),
    ):
        pass
