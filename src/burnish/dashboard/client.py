"""The public API as pages see it: OpenAI's client, with the reader's key."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from openai import APIStatusError, AsyncOpenAI

Json = Any

EVERY_S = 2.0
"""How often a page that follows something asks again."""


@dataclass(frozen=True, slots=True)
class Api:
    """The server's API, for whoever has opened the page that is being made."""

    base: AsyncOpenAI

    @property
    def client(self) -> AsyncOpenAI:
        """OpenAI's client, with the key of the page's session."""
        return self.of(ui.context.client.request.session.get("key"))

    def of(self, key: str | None) -> AsyncOpenAI:
        """OpenAI's client, with this key."""
        return self.base.with_options(api_key=key or "none")


async def get(client: AsyncOpenAI, path: str, **query: Any) -> Json:
    """What a route of ours answers; parameters that are None are left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return await client.get(f"{path}?{urlencode(given)}" if given else path, cast_to=object)


async def answering(client: AsyncOpenAI) -> list[str]:
    """The names of the models that answer; those that make embeddings are left out."""
    return [each["id"] for each in (await get(client, "/models"))["data"] if not each.get("embeds")]


async def post(client: AsyncOpenAI, path: str, body: Json) -> Json:
    """The same for what is sent."""
    return await client.post(path, body=body, cast_to=object)


def complaint(error: APIStatusError) -> str:
    """What the server said was wrong."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)


def open_api(url: str) -> Api:
    """The API at a URL that ends in `/v1`."""
    return Api(AsyncOpenAI(base_url=url, api_key="none", max_retries=1, timeout=600.0))
