"""How a command reaches the server: the official client, on the address that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from burnish.core.errors import BurnishError, Unavailable
from burnish.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI

PAGE = 100
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", envvar="OPENAI_BASE_URL", help="The server, up to and including /v1.")
]
ApiKey = Annotated[str, typer.Option("--api-key", envvar="OPENAI_API_KEY", help="A key made by `burnish keys create`.")]
SourceKey = Annotated[str, typer.Option("--api-key", envvar="OPENAI_API_KEY", help="A key of the server to take from.")]


def address(base_url: str | None) -> str:
    """The server that is meant: the one given, else the one that the settings name."""
    if base_url is not None:
        return base_url
    settings = Settings()
    return f"http://{settings.host}:{settings.port}/v1"


@contextmanager
def client(base_url: str | None, api_key: str) -> "Iterator[OpenAI]":
    """An `openai.OpenAI`; its errors become ours, so that every command tells them in one line."""
    import openai

    base_url = address(base_url)
    try:
        with openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=1) as api:
            yield api
    except openai.APIStatusError as error:
        raise BurnishError(str(error.message)) from error
    except openai.APIConnectionError as error:
        raise Unavailable(f"No server answers at {base_url}. Start one with `burnish serve`.") from error


def body(api: "OpenAI", path: str, **params: object) -> dict[str, Any]:
    """The JSON at a path, as it was sent."""
    return api.get(path, cast_to=dict[str, Any], options={"params": params})


def listed(api: "OpenAI", path: str, **params: object) -> Iterator[dict[str, Any]]:
    """The objects of a list as they were sent: the client's own types know none of our extensions."""
    while True:
        page = body(api, path, limit=PAGE, **params)
        yield from page["data"]
        if not page["has_more"]:
            return
        params["after"] = page["data"][-1]["id"]
