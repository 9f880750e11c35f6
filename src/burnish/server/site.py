"""The API and what is shown beside it, as one ASGI app: two apps, parted by the path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

_API = ("/v1", "/openapi.json")


@dataclass(frozen=True, slots=True)
class Site:
    """The API under its own paths, another app under all others. Both live and end with this one."""

    api: FastAPI
    pages: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on to the one whose path it is."""
        app: ASGIApp
        if scope["type"] == "lifespan":
            app = Starlette(lifespan=self._both)
        else:
            app = self.api if scope["path"].startswith(_API) else self.pages
        await app(scope, receive, send)

    @asynccontextmanager
    async def _both(self, _app: Starlette) -> AsyncIterator[None]:
        async with self.api.router.lifespan_context(self.api), self.pages.router.lifespan_context(self.pages):
            yield
