import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_events_stand_newest_first(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}?tab=events")
    expect(page.locator(".event").first).to_contain_text("success")
    expect(page.locator(".event").last).to_contain_text("Created fine-tuning job")


def test_a_checkpoint_leads_to_the_playground(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}?tab=checkpoints")
    page.get_by_role("link", name="Playground").last.click()
    expect(page.get_by_label("Model").first).to_contain_text("ckpt-step-")


def test_what_was_asked_for_is_shown_as_it_was_resolved_and_as_text(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}?tab=setup")
    expect(page.get_by_text(ATTACK)).to_be_visible()
    expect(page.locator(".pairs", has_text="n_epochs")).to_contain_text("batch_size5")
    expect(page.get_by_role("link", name="rows.jsonl").first).to_be_visible()


def test_the_ledger_has_its_units(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}?tab=ledger")
    expect(page.locator(".card", has_text="Machine time")).to_contain_text(" s")
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
