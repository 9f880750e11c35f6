import json

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def _made(page: Page) -> dict[str, object]:
    made: dict[str, object] = json.loads(page.get_by_label("Grader (JSON)").input_value())
    return made


def test_a_grader_of_parts_is_made_by_form_and_tried(site: Site, page: Page):
    page.goto(f"{site.root}/create")
    page.get_by_text("The same as JSON").click()
    page.get_by_label("Kind of grader").select_option("multi")
    expect(page.get_by_label("Formula over the parts")).to_have_value("(exact + similar) / 2")
    page.get_by_label("Reference (template)").nth(0).fill("yes")
    page.get_by_label("Reference (template)").nth(1).fill("yes")
    page.get_by_label("Formula over the parts").fill("exact * 0.5 + similar")
    page.get_by_label("and an answer").fill("yes")
    page.get_by_role("button", name="Grade").click()
    expect(page.get_by_text("reward 1.500")).to_be_visible()
    page.get_by_role("button", name="Add a part").click()
    page.get_by_label("Kind of part").nth(2).select_option("python")
    expect(page.get_by_label("Source")).to_be_visible()
    assert list(_made(page)["graders"]) == ["exact", "similar", "part_3"]  # type: ignore[call-overload]  # JSON


def test_the_form_follows_the_json_and_says_what_it_cannot_show(site: Site, page: Page):
    page.goto(f"{site.root}/create")
    page.get_by_text("The same as JSON").click()
    written = {"type": "python", "name": ATTACK, "source": ATTACK}
    page.get_by_label("Grader (JSON)").fill(json.dumps(written))
    expect(page.get_by_label("Source")).to_have_value(ATTACK)
    page.get_by_label("Grader (JSON)").fill(json.dumps(written | {"pass_threshold": 0.5}))
    expect(page.get_by_text("This grader has more than the form shows.")).to_be_visible()
    assert _made(page)["pass_threshold"] == 0.5
