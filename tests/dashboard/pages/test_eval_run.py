import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_run_has_a_report_by_criterion(site: Site, page: Page):
    made = new_eval(site.api)
    run = done(site.api, made, **stored("right", "righ", "x", "y", name=ATTACK))
    page.goto(f"{site.root}/evals/{made}/runs/{run}")
    expect(page.get_by_role("heading", name=ATTACK)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="alike")).to_contain_text("50.0%")
    expect(page.get_by_role("row").filter(has_text="alike")).to_contain_text("0.5")
    expect(page.get_by_role("row").filter(has_text="exact")).to_contain_text("25.0%")
    expect(page.get_by_role("row").filter(has_text="exact")).to_contain_text("middle of its range")
    expect(page.locator(".stat", has_text="Pass rate")).to_contain_text("25.0%")
    expect(page.locator(".stat", has_text="Mean score")).to_contain_text("0.", timeout=10_000)


def test_a_run_that_failed_says_why(site: Site, page: Page):
    made = new_eval(site.api)
    file = site.api.files.create(file=("rows.jsonl", b'"no row"\n'), purpose="evals").id
    source = {"type": "jsonl", "source": {"type": "file_id", "id": file}}
    run = site.api.evals.runs.create(made, data_source=source)  # type: ignore[arg-type]
    page.goto(f"{site.root}/evals/{made}/runs/{run.id}")
    expect(page.locator(".note.bad").first).to_contain_text("is no JSON object", timeout=30_000)
    expect(page.get_by_text("No items yet")).to_be_visible()


def test_a_running_run_grows_before_the_readers_eyes_and_is_canceled(site: Site, page: Page):
    made = new_eval(site.api)
    asked = {"type": "template", "template": [{"role": "user", "content": "{{item.answer}}"}]}
    rows = {"type": "file_content", "content": [{"item": {"answer": f"{n}"}} for n in range(4000)]}
    source = {"type": "completions", "model": "tiny", "source": rows, "input_messages": asked}
    run = site.api.evals.runs.create(made, name="long", data_source=source)  # type: ignore[arg-type]
    page.goto(f"{site.root}/evals/{made}/runs/{run.id}")
    expect(page.locator("a.item").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_a_run_is_made_again_with_another_model(site: Site, page: Page):
    made = new_eval(site.api)
    asked = {"type": "template", "template": [{"role": "user", "content": "{{item.answer}}"}]}
    rows = {"type": "file_content", "content": [{"item": {"answer": "4"}}]}
    source = {"type": "completions", "model": "tiny", "source": rows, "input_messages": asked}
    run = done(site.api, made, name="first", data_source=source)
    page.goto(f"{site.root}/evals/{made}/runs/{run}")
    page.get_by_text("Run it again, with another model").click()
    page.get_by_label("Model of the new run").select_option("o4-mini-2025-04-16")
    page.get_by_role("button", name="Start run").click()
    expect(page.get_by_role("heading", name="first: o4-mini-2025-04-16")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Completed")).to_be_visible(timeout=30_000)


def test_another_run_is_chosen_to_compare_with(site: Site, page: Page):
    made = new_eval(site.api)
    runs = [done(site.api, made, **stored("right", name=name)) for name in ("before", "after")]
    page.goto(f"{site.root}/evals/{made}/runs/{runs[1]}")
    page.get_by_label("Compare with").select_option("before")
    page.wait_for_url(re.compile(f"/compare\\?run_id={runs[0]}&run_id={runs[1]}"))


def test_a_run_that_is_not_there_is_told_in_words(site: Site, page: Page):
    made = new_eval(site.api)
    page.goto(f"{site.root}/evals/{made}/runs/evalrun_none")
    expect(page.get_by_text("Eval run with id 'evalrun_none' not found.")).to_be_visible()
