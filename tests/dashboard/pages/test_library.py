import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_file_is_opened_and_its_rows_are_text(site: Site, page: Page):
    page.goto(f"{site.root}/files")
    page.get_by_role("link", name="rows.jsonl").first.click()
    expect(page.get_by_role("heading", name="rows.jsonl")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text("onerror=")


def test_models_are_told_apart(site: Site, page: Page):
    page.goto(f"{site.root}/models")
    expect(page.get_by_role("row").filter(has_text="o4-mini")).to_contain_text("alias of tiny")
    expect(page.get_by_role("row").filter(has_text="ckpt-step-").first).to_contain_text("checkpoint")
    embedder = page.get_by_role("row").filter(has_text="vectors")
    expect(embedder).to_contain_text("embeddings")
    expect(embedder.get_by_role("link")).to_have_count(0)


def test_settings_are_shown(site: Site, page: Page):
    page.goto(f"{site.root}/settings")
    expect(page.locator(".card", has_text="Server")).to_contain_text("Organizationlocal")
    expect(page.locator(".card", has_text="What graders need")).to_contain_text("Python graders")
