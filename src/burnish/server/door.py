"""The door that every request passes: its id, its size, its caller, and the answer to whatever nobody foresaw."""

import logging
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burnish.core.errors import BurnishError, TooLarge
from burnish.core.ids import new_id
from burnish.server import failures
from burnish.server.auth import CALLER, Auth
from burnish.spec.upload import PART_BYTES

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Of every body but an uploaded file's."""
MULTIPART_BYTES = 1024 * 1024
"""What the form around an uploaded file, or a part of one, may add."""
_CREATING = ("/v1/files", "/v1/uploads", "/v1/fine_tuning", "/v1/evals")


@dataclass(slots=True)
class Door:
    """ASGI middleware around the whole app; a plain one, so that streams pass through untouched."""

    app: ASGIApp
    auth: Auth
    max_file_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see to it that it is answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = _Visit(scope, receive, send, self._limit(scope), new_id("req_"))
        try:
            headers = Headers(scope=scope)
            visit.check_length(headers)
            if scope["path"].startswith("/v1"):
                scope[CALLER] = await run_in_threadpool(self.auth.identify, headers)
            await self.app(scope, visit.receive_counted, visit.send_marked)
        except BurnishError as error:
            await visit.refuse(error)
        except Exception:
            log.exception("unexpected error", extra={"request": visit.id, "path": scope["path"]})
            if visit.is_answered:
                raise
            await visit.refuse(BurnishError(f"The server had an error. Its log tells more about request {visit.id}."))

    def _limit(self, scope: Scope) -> int:
        path: str = scope["path"]
        if path.startswith("/v1/files"):
            return self.max_file_bytes + MULTIPART_BYTES
        return PART_BYTES + MULTIPART_BYTES if path.startswith("/v1/uploads") else MAX_BODY_BYTES


@dataclass(slots=True)
class _Visit:
    """One request."""

    scope: Scope
    receive: Receive
    send: Send
    limit: int
    id: str
    received: int = 0
    is_answered: bool = False

    def check_length(self, headers: Headers) -> None:
        """Refuse a body that says beforehand that it is too large."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.limit:
            raise TooLarge(self._too_large(), code="request_too_large")

    async def receive_counted(self) -> Message:
        """A part of the body; the one that crosses the limit ends the request."""
        message = await self.receive()
        self.received += len(message.get("body", b""))
        if self.received > self.limit:
            raise HTTPException(413, self._too_large())  # FastAPI turns any other error in a body into a 400
        return message

    def _too_large(self) -> str:
        return f"The request body is over the limit of {self.limit} bytes."

    async def send_marked(self, message: Message) -> None:
        """A part of the answer, its head with the request's id."""
        if message["type"] == "http.response.start":
            self.is_answered = True
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.id
            if message["status"] >= 500 and self._may_have_created():
                headers["x-should-retry"] = "false"
        await self.send(message)

    def _may_have_created(self) -> bool:
        """The official client sends a failed POST again, without a key to tell that it is the same."""
        path: str = self.scope["path"]
        return self.scope["method"] == "POST" and path.startswith(_CREATING)

    async def refuse(self, error: BurnishError) -> None:
        """Answer with an error."""
        answer: JSONResponse = failures.response(error)
        await answer(self.scope, self.receive, self.send_marked)
