"""Who may reach the dashboard: its own pages and nobody else's. Other sites may link to it, no more."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
"""The browser itself keeps pages from asking any other host. Vue makes functions of its templates: unsafe-eval."""


@dataclass(frozen=True, slots=True)
class Gate:
    """ASGI middleware around all pages, their sockets included."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from another site, and tell the browser what pages may do."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif is_foreign(Headers(scope=scope), scope.get("method", "GET")):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                refusal = PlainTextResponse("Pages of other sites may not use this dashboard.", 403)
                await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, _guarded(send))


def is_foreign(headers: Headers, method: str) -> bool:
    """Whether a page of another site sends this; a link that somebody follows is none."""
    if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        return not (method == "GET" and headers.get("sec-fetch-mode") == "navigate")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["content-security-policy"] = _POLICY
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
        await send(message)

    return guarded
