import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


@pytest.fixture(scope="module")
def compared(site: Site) -> tuple[str, list[str]]:
    """An eval, and three runs over the same four rows: the second is better than the first, the third mixed."""
    made = new_eval(site.api)
    runs = [
        done(site.api, made, **stored("a", "b", "right", f"wrong {ATTACK}", name=f"first {ATTACK}")),
        done(site.api, made, **stored("right", "right", "right", "right", name=f"second {ATTACK}")),
        done(site.api, made, **stored("a", "right", "x", "right", name="third")),
    ]
    return f"{site.root}/evals/{made}", runs


def test_two_eval_runs_are_compared_by_clicking(compared: tuple[str, list[str]], page: Page):
    address, _ = compared
    page.goto(address)
    page.get_by_label("Compare second").check()
    page.get_by_label("Compare first").check()
    page.get_by_role("link", name="Compare 2 runs").click()
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("second")
    expect(verdict.get_by_role("heading")).to_contain_text("Better by +0.")
    expect(verdict).to_contain_text("3 better")
    expect(verdict).to_contain_text("3 pass that failed")
    standings = page.get_by_role("row").filter(has=page.get_by_text("Baseline", exact=True))
    expect(standings).to_contain_text("first")
    expect(standings).to_contain_text("25%")
    changed = page.locator("article").filter(has_text=f"wrong {ATTACK}")
    expect(changed).to_contain_text(f"{ATTACK} 3?")
    expect(changed.locator(".answer")).to_have_count(2)
    changed.get_by_role("link", name="Open").last.click()
    expect(page.get_by_role("heading", name="Row 4")).to_be_visible()


def test_rows_are_sliced_and_criteria_chosen_and_the_address_says_so(compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    page.goto(f"{address}/compare?run_id={runs[0]}&run_id={runs[1]}")
    page.get_by_label("Slices").select_option("Sliced by topic")
    expect(page.get_by_role("row").filter(has_text="law")).to_contain_text("+")
    expect(page.get_by_role("row").filter(has_text="tax")).to_be_visible()
    assert "slice=item.topic" in page.url
    page.get_by_label("Criterion").select_option("Only alike")
    page.wait_for_url(re.compile("criterion=alike"))
    expect(page.get_by_role("row").filter(has_text="law")).to_be_visible()


def test_runs_are_added_and_removed_and_another_made_the_baseline(compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    page.goto(f"{address}/compare?run_id={runs[0]}&run_id={runs[1]}")
    page.get_by_label("Add a run").select_option("third")
    expect(page.locator(".verdict")).to_have_count(2)
    page.get_by_role("row").filter(has_text="third").get_by_role("link", name="Make baseline").click()
    expect(page.get_by_role("row").filter(has=page.get_by_text("Baseline", exact=True))).to_contain_text("third")
    page.get_by_role("row").filter(has_text="second").get_by_role("link", name="Remove").click()
    expect(page.locator(".verdict")).to_have_count(1)
    expect(page.locator(".verdict")).to_contain_text("against third")


def test_a_difference_that_may_be_chance_is_told_as_none(compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    page.goto(f"{address}/compare?run_id={runs[0]}&run_id={runs[2]}")
    expect(page.locator(".verdict h2.level")).to_contain_text("No significant difference")


def test_runs_over_other_rows_are_told_to_be_so(site: Site, compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    made = site.api.evals.create(
        name="other",
        data_source_config={"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True},
        testing_criteria=[
            {"type": "string_check", "name": "e", "operation": "eq", "input": "{{item.a}}", "reference": "b"}
        ],
    )
    rows = {"type": "file_content", "content": [{"item": {"a": "b"}, "sample": {"output_text": ""}}]}
    other = done(site.api, made.id, name="other", data_source={"type": "jsonl", "source": rows})
    page.goto(f"{address}/compare?run_id={runs[0]}&run_id={other}")
    expect(page.get_by_text("The runs have no rows in common")).to_be_visible()


def test_without_runs_and_with_wrong_ones_it_says_what_to_do(compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    page.goto(f"{address}/compare")
    expect(page.get_by_text("Nothing to compare yet")).to_be_visible()
    page.get_by_label("Add a run").select_option("third")
    expect(page.get_by_text("Add another run above")).to_be_visible()
    page.goto(f"{address}/compare?run_id={runs[0]}&run_id=evalrun_none")
    expect(page.get_by_text("Eval run with id 'evalrun_none' not found.")).to_be_visible()


def test_a_jobs_first_and_last_step_are_compared(site: Site, page: Page):
    job = site.api.fine_tuning.jobs.retrieve(site.job)
    page.goto(f"{site.root}/evals/{job.eval_id}")  # type: ignore[attr-defined]  # documented, and missing in the SDK
    page.get_by_role("link", name="Compare step 0 with step 4").click()
    expect(page.locator(".verdict")).to_contain_text("Step 4, against Step 0")
    expect(page.get_by_role("row").filter(has=page.get_by_text("Baseline", exact=True))).to_contain_text("Step 0")


def test_on_a_narrow_screen_nothing_runs_over_the_edge(compared: tuple[str, list[str]], page: Page):
    address, runs = compared
    page.set_viewport_size({"width": 390, "height": 844})
    paths = ("", f"/runs/{runs[1]}", f"/compare?run_id={runs[0]}&run_id={runs[1]}&slice=item.topic")
    for path in paths:
        page.goto(address + path)
        expect(page.get_by_text("second").first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
