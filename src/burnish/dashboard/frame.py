"""What is around every page: where one is, where one can go."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nicegui import app, ui
from openai import APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard.client import Api
from burnish.dashboard.pieces import button, icon, tag
from burnish.dashboard.session import refused

_ASSETS = Path(__file__).parent / "assets"
_PLACES = (
    ("jobs", "Jobs", "/"),
    ("create", "Create", "/create"),
    ("evals", "Evals", "/evals"),
    ("playground", "Playground", "/playground"),
    ("files", "Files", "/files"),
    ("models", "Models", "/models"),
    ("settings", "Settings", "/settings"),
)


def install() -> None:
    """The theme, on every page."""
    for name in ("theme.css", "page.js"):
        app.add_static_file(local_file=_ASSETS / name, url_path=f"/assets/{name}", max_cache_age=0)
    head = '<link rel="stylesheet" href="/assets/theme.css"><script defer src="/assets/page.js"></script>'
    ui.add_head_html(head, shared=True)


async def shown(api: Api, here: str, path: str, draw: Callable[[AsyncOpenAI], Awaitable[None]]) -> Response | None:
    """A page with its frame; where the API does not let the reader in, the way to sign in and back to `path`."""
    client = api.client
    with frame(here, has_key=client.api_key != "none"):
        try:
            await draw(client)
        except APIStatusError as error:
            return refused(error, path)
    return None


@contextmanager
def frame(here: str, *, has_key: bool) -> Iterator[None]:
    """The navigation, and beside it what the block makes."""
    with tag("div", "topbar"):
        menu = tag("button", "btn bare", type="button", aria_label="Menu")
        menu.on("click", js_handler="() => window.burnish.draw()")
        with menu:
            icon("menu")
        _brand()
    tag("div", "scrim").on("click", js_handler="() => window.burnish.draw()")
    with tag("nav", "side", aria_label="Pages"):
        _brand()
        for name, title, path in _PLACES:
            current = {"aria_current": "page"} if name == here else {}
            with tag("a", f"nav {'here' if name == here else ''}", href=path, **current):
                icon(name)
                tag("span", "", title)
        tag("div", "rest")
        mode = button("Theme: system", classes="bare small", data_mode="yes", title="System, light or dark")
        mode.on("click", js_handler="() => window.burnish.turn()")
        if has_key:
            with tag("form", method="post", action="/logout"):
                tag("button", "btn bare small", "Sign out", type="submit")
    with tag("main", "main"):
        yield


def _brand() -> None:
    with tag("a", "brand", href="/"):
        tag("i")
        tag("span", "", "Burnish")
