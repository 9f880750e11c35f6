"""The reader's session: a key, in a signed cookie that no script can read."""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nicegui import app, ui
from openai import APIStatusError, AuthenticationError
from starlette.requests import Request
from starlette.responses import RedirectResponse

from burnish.dashboard.client import Api, complaint, get
from burnish.dashboard.pieces import named, tag

COOKIE = "burnish_session"
_LASTS_S = 14 * 24 * 3600


def secret_of(data_dir: Path) -> str:
    """What signs sessions: drawn once, and kept where only the server's user reads it."""
    path = data_dir / "dashboard.secret"
    kept = path.read_text().strip() if path.exists() else ""
    if not kept:  # or the server was killed before it was written
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        kept = secrets.token_urlsafe(32)
        path.write_text(kept)
    return kept


def options() -> dict[str, Any]:
    """How the cookie is kept."""
    return {"session_cookie": COOKIE, "same_site": "lax", "max_age": _LASTS_S}


def register(api: Api) -> None:
    """The pages that ask for a key, take it and forget it."""

    @ui.page("/login", title="Sign in · Burnish")
    def login(next: str = "/", wrong: str = "") -> None:
        with tag("div", "door stack"):
            with tag("div", "brand"):
                tag("i")
                tag("span", "", "Burnish")
            with tag("form", "card stack", method="post", action="/login"):
                tag("h2", "", "Sign in with an API key")
                tag("p", "small", "This server has keys. One is made by: burnish keys create")
                if wrong:
                    tag("p", "note bad", "This key is unknown here. Check that it was copied whole.")
                tag("input", type="hidden", name="next", value=local(next))
                with named("API key"):
                    tag("input", "field", type="password", name="key", autocomplete="current-password", autofocus=True)
                tag("button", "btn main-action", "Sign in", type="submit")

    @app.post("/login")
    async def enter(request: Request) -> RedirectResponse:
        form = await request.form()
        key, target = str(form.get("key", "")).strip(), local(str(form.get("next", "/")))
        try:
            await get(api.of(key), "/burnish/settings")
        except APIStatusError:
            return RedirectResponse(f"/login?{urlencode({'wrong': 1, 'next': target})}", 303)
        request.session["key"] = key
        return RedirectResponse(target, 303)

    @app.post("/logout")
    async def leave(request: Request) -> RedirectResponse:
        request.session.clear()
        return RedirectResponse("/login", 303)


def local(target: str) -> str:
    """A path of this site; anything else is the first page."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def refused(error: APIStatusError, path: str) -> RedirectResponse | None:
    """Where to send a reader whom the API did not let in; else the page says what was wrong."""
    if isinstance(error, AuthenticationError):
        return RedirectResponse(f"/login?{urlencode({'next': path})}")
    with tag("div", "card empty"):
        tag("h2", "", "This could not be shown")
        tag("p", "", complaint(error))
        tag("a", "btn", "To the jobs", href="/")
    return None
