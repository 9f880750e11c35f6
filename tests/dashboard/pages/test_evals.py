import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_an_eval_is_found_by_its_name_with_its_last_runs_rate(site: Site, page: Page):
    made = new_eval(site.api, f"{ATTACK} listed")
    done(site.api, made, **stored("right", "wrong", name=f"{ATTACK} first"))
    page.goto(f"{site.root}/evals")
    page.keyboard.press("/")
    page.keyboard.type("LISTED")
    row = page.get_by_role("row").filter(has_text="listed")
    expect(row).to_contain_text("50.0%")
    expect(row).to_contain_text("Completed")
    expect(page.get_by_role("row")).to_have_count(2)
    row.get_by_text("first").click()
    page.wait_for_url("**/runs/evalrun_*")


def test_a_jobs_evals_lead_to_it_and_it_to_them(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}")
    page.get_by_role("link", name="Evals").last.click()
    expect(page.get_by_text("seen: validation")).to_be_visible()
    expect(page.get_by_text("seen: training")).to_be_visible()
    page.get_by_label("Made by").select_option("request")
    expect(page.get_by_text("No eval matches")).to_be_visible()
    page.get_by_label("Made by").select_option("job")
    page.get_by_role("link", name=site.job).first.click()
    expect(page.get_by_text("4 of 4")).to_be_visible()


def test_how_an_eval_is_made_is_there_to_copy(site: Site, page: Page):
    page.goto(f"{site.root}/evals")
    page.get_by_text("New eval, as Python").click()
    expect(page.locator("pre")).to_contain_text(f"base_url='{site.root}/v1'")
