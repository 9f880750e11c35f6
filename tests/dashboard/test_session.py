import stat
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from burnish.dashboard.session import COOKIE, local, secret_of
from burnish.settings import Settings
from burnish.store.store import open_store
from tests.running import server


@pytest.mark.slow
@pytest.mark.xdist_group("dashboard")
def test_once_there_is_a_key_the_dashboard_asks_for_one(tmp_path: Path, page: Page):
    with server(tmp_path) as url:
        store = open_store(Settings(data_dir=tmp_path / "data"))
        key = store.keys.create("reader", now=1, project="default").secret
        store.close()
        page.goto(url.removesuffix("/v1") + "/models")
        page.get_by_label("API key").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("This key is unknown here")).to_be_visible()
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Models")).to_be_visible()
        cookie = next(each for each in page.context.cookies() if each["name"] == COOKIE)
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("API key")).to_be_visible()
        page.goto("about:blank")


def test_the_secret_is_drawn_once_and_read_by_its_owner_alone(tmp_path: Path):
    first = secret_of(tmp_path)
    assert len(first) >= 32
    assert secret_of(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "dashboard.secret").stat().st_mode) == 0o600


def test_a_secret_that_was_never_written_is_drawn_anew(tmp_path: Path):
    (tmp_path / "dashboard.secret").touch(mode=0o600)
    assert len(secret_of(tmp_path)) >= 32


@pytest.mark.parametrize("target", ["https://example.com", "//example.com", "/\\example.com", ""])
def test_nobody_is_sent_to_another_site(target: str):
    assert local(target) == "/"
    assert local("/jobs/a?tab=events") == "/jobs/a?tab=events"
