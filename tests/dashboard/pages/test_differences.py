import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site
from tests.dashboard.evaluated import done, new_eval

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_what_got_better_and_what_got_worse_are_told_apart_and_more_answers_unfold(site: Site, page: Page):
    made = new_eval(site.api)
    runs = []
    for name, said in (("before", ("right", "a")), ("after", ("b", "right"))):
        rows = [{"item": {"answer": "right", "n": n}, "sample": {"output_text": text}} for n, text in enumerate(said)]
        source = {"type": "jsonl", "source": {"type": "file_content", "content": rows}}
        runs.append(done(site.api, made, name=name, data_source=source))
    page.goto(f"{site.root}/evals/{made}/compare?run_id={runs[0]}&run_id={runs[1]}")
    better = page.locator("details", has=page.get_by_text("What got better most"))
    worse = page.locator("details", has=page.get_by_text("What got worse most"))
    expect(better.locator("article")).to_have_count(1)
    expect(better.locator("article")).to_contain_text("Row 2")
    expect(better.locator(".good")).to_contain_text("+")
    expect(worse.locator("article")).to_contain_text("Row 1")
    expect(worse.locator(".bad")).to_contain_text("-")


def test_further_answers_to_a_row_unfold(site: Site, page: Page):
    job = site.api.fine_tuning.jobs.retrieve(site.job)
    train = job.train_eval_id  # type: ignore[attr-defined]  # ours
    steps = list(site.api.evals.runs.list(train))
    page.goto(f"{site.root}/evals/{train}/compare?run_id={steps[0].id}&run_id={steps[2].id}")
    expect(page.locator(".verdict")).to_be_visible()
    row = page.locator("article").first
    expect(row.locator(".answer:visible")).to_have_count(2)
    row.get_by_text("more").first.click()
    assert row.locator(".answer:visible").count() > 2
