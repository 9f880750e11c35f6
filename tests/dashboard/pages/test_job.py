from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site, start

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_job_is_drawn_with_its_figures_and_curves(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}")
    expect(page.get_by_role("heading", name="seen")).to_be_visible()
    expect(page.get_by_text("4 of 4")).to_be_visible()
    for title in ("Reward", "Answer length", "KL to the base", "Entropy", "Time per step"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()


def test_a_running_job_goes_on_before_the_readers_eyes(site: Site, page: Page, tmp_path: Path):
    job = start(site.api, tmp_path, epochs=6)
    page.goto(f"{site.root}/jobs/{job}")
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("12 of 12")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()


def test_a_job_that_is_not_there_is_told_in_words(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/ftjob-none")
    expect(page.get_by_text("Could not find fine tune: ftjob-none")).to_be_visible()
