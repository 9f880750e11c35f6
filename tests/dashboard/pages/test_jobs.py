from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site, start

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_job_is_found_by_its_name_and_not_by_another(site: Site, page: Page):
    page.goto(site.root)
    row = page.locator(f"tr:has(a[href='/jobs/{site.job}'])")
    expect(row).to_contain_text("Succeeded")
    expect(row).to_contain_text("Step 4 of 4")
    expect(row.locator("polyline")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.type("no such job")
    expect(page.get_by_text("No job matches")).to_be_visible()
    page.get_by_label("Search jobs").fill("SEEN")
    expect(row).to_be_visible()


def test_a_filter_shows_the_jobs_of_one_status(site: Site, page: Page):
    page.goto(site.root)
    page.get_by_label("Status").select_option("failed")
    expect(page.get_by_text("No job matches")).to_be_visible()
    page.get_by_label("Status").select_option("succeeded")
    expect(page.locator(f"tr:has(a[href='/jobs/{site.job}'])")).to_be_visible()


def test_a_job_is_paused_resumed_and_cancelled_by_clicking(site: Site, page: Page, tmp_path: Path):
    job = start(site.api, tmp_path, epochs=40)
    page.goto(f"{site.root}/?search={job}")
    row = page.get_by_role("row").filter(has_text="seen")
    row.get_by_role("button", name="Pause").click(timeout=60_000)
    expect(row).to_contain_text("Paused", timeout=60_000)
    row.get_by_role("button", name="Resume").click()
    row.get_by_role("button", name="Cancel").click(timeout=60_000)
    expect(row).to_contain_text("Cancelled", timeout=60_000)
    assert site.api.fine_tuning.jobs.retrieve(job).status == "cancelled"


def test_on_a_narrow_screen_the_navigation_is_a_drawer(site: Site, page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site.root)
    expect(page.get_by_role("link", name="Playground")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Playground").click()
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
