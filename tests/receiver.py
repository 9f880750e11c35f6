"""A real HTTP server of the test's own, to which webhooks are delivered."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: Mapping[str, str]
    """Their names in lower case."""
    body: bytes


@dataclass
class Receiver:
    """What a receiver was sent, and what it answers."""

    url: str
    answer: Callable[[Received], tuple[int, dict[str, str]]] = lambda _received: (204, {})
    requests: "queue.Queue[Received]" = field(default_factory=queue.Queue)

    def next(self) -> Received:
        """The next request, once it is there."""
        return self.requests.get(timeout=30)

    def ids(self) -> list[str]:
        """The ids of the events that came, in their order; the requests are taken off."""
        return [self.requests.get_nowait().headers["webhook-id"] for _ in range(self.requests.qsize())]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # it resets connections over that


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listens on a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received = Received({name.lower(): value for name, value in self.headers.items()}, body)
            heard.requests.put(received)
            status, headers = heard.answer(received)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    heard = Receiver(f"http://127.0.0.1:{server.server_port}/hook?token=in-the-url")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
