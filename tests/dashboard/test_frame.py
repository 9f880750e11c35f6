import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_the_theme_follows_the_system_until_the_reader_chooses(site: Site, page: Page):
    page.emulate_media(color_scheme="dark")
    page.goto(site.root)
    expect(page.locator("body.body--dark")).to_be_attached()
    page.get_by_role("button", name="Theme: system").click()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    expect(page.locator("body.body--dark")).not_to_be_attached()
    page.reload()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    expect(page.locator("body.body--dark")).not_to_be_attached()


def test_one_finds_the_way_by_keyboard(site: Site, page: Page):
    page.goto(f"{site.root}/settings")
    page.get_by_role("link", name="Models").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    expect(page.get_by_role("link", name="Models")).to_have_attribute("aria-current", "page")
