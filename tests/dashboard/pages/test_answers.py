import pytest
from playwright.sync_api import Page, expect

from burnish.dashboard.pages.answers import verdict
from tests.dashboard.conftest import ATTACK, Site


@pytest.mark.slow
@pytest.mark.xdist_group("dashboard")
def test_what_somebody_thinks_of_an_answer_is_kept(site: Site, page: Page):
    page.goto(f"{site.root}/playground?models=tiny")
    page.get_by_label("Prompt", exact=True).fill(f"Which word? {ATTACK}")
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("What do you think of it?").click(timeout=60_000)
    page.get_by_label("The answer as it should be").fill(ATTACK)
    page.get_by_role("button", name="Bad").click()
    expect(page.get_by_text("Kept as feedback")).to_be_visible()
    kept = site.api.get("/burnish/feedback", cast_to=object)["data"][0]  # type: ignore[index]
    assert (kept["model"], kept["rating"], kept["correction"], kept["note"]) == ("tiny", "down", ATTACK, None)
    assert kept["messages"] == [{"role": "user", "content": f"Which word? {ATTACK}"}]


def test_a_verdict_names_parts_and_faults():
    errors = {"formula_parse_error": False, "other_error": True, "other_error_details": "x"}
    grade = {"reward": 0.5, "sub_rewards": {"a": 1.0, "b": 0.0}, "metadata": {"errors": errors}}
    assert verdict(grade) == "reward 0.500 (a 1.000, b 0.000): other error"
