import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_an_eval_without_runs_says_how_one_is_started_and_shows_it_when_it_comes(site: Site, page: Page):
    made = new_eval(site.api)
    page.goto(f"{site.root}/evals/{made}")
    expect(page.get_by_role("heading", name=ATTACK).first).to_be_visible()
    expect(page.get_by_text("No runs yet")).to_be_visible()
    page.get_by_text("New run, as Python").click()
    expect(page.locator("pre").last).to_contain_text(made)
    site.api.evals.runs.create(made, **stored("right", "wrong", "righ", name=ATTACK))
    row = page.get_by_role("row").filter(has_text=ATTACK)
    expect(row).to_contain_text("Completed", timeout=60_000)
    expect(row).to_contain_text("33.3%")
    expect(row).to_contain_text("alike 66.7%")


def test_two_runs_are_chosen_the_older_being_the_baseline(site: Site, page: Page):
    made = new_eval(site.api)
    runs = [done(site.api, made, **stored("right", "wrong", name=name)) for name in ("before", "after", "later")]
    page.goto(f"{site.root}/evals/{made}")
    expect(page.get_by_text("Choose two runs to compare")).to_be_visible()
    page.get_by_label("Compare later").check()
    page.get_by_label("Compare before").check()
    chosen = page.get_by_role("link", name="Compare 2 runs")
    expect(chosen).to_have_attribute("href", f"/evals/{made}/compare?run_id={runs[0]}&run_id={runs[2]}")
    page.get_by_label("Compare later").uncheck()
    expect(page.get_by_text("Choose two runs to compare")).to_be_visible()


def test_a_run_is_canceled_by_clicking(site: Site, page: Page):
    made = new_eval(site.api)
    asked = {"type": "template", "template": [{"role": "user", "content": "{{item.answer}}"}]}
    rows = {"type": "file_content", "content": [{"item": {"answer": f"{n}"}} for n in range(4000)]}
    source = {"type": "completions", "model": "tiny", "source": rows, "input_messages": asked}
    site.api.evals.runs.create(made, name="long", data_source=source)  # type: ignore[arg-type]
    page.goto(f"{site.root}/evals/{made}")
    row = page.get_by_role("row").filter(has_text="long")
    expect(row).to_contain_text("of 4,000", timeout=60_000)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Canceled")
    expect(row.get_by_role("button")).to_have_count(0)


def test_a_jobs_eval_shows_the_rise_and_compares_its_ends(site: Site, page: Page):
    job = site.api.fine_tuning.jobs.retrieve(site.job)
    page.goto(f"{site.root}/evals/{job.eval_id}")  # type: ignore[attr-defined]
    expect(page.get_by_role("heading", name="seen: validation")).to_be_visible()
    expect(page.get_by_role("heading", name="From step to step")).to_be_visible()
    expect(page.locator("canvas")).to_be_visible()
    ends = page.get_by_role("link", name="Compare step 0 with step 4")
    expect(ends).to_have_attribute("href", re.compile(r"run_id=evalrun_\w+&run_id=evalrun_"))
    page.get_by_role("link", name="Open job").click()
    expect(page.get_by_text("4 of 4")).to_be_visible()


def test_an_eval_that_is_not_there_is_told_in_words(site: Site, page: Page):
    page.goto(f"{site.root}/evals/eval_none")
    expect(page.get_by_text("Eval with id 'eval_none' not found.")).to_be_visible()
