"""What the pages of jobs and of evals do not show of their lists; those are driven in a browser."""

import pytest
from playwright.sync_api import Page, expect

from burnish.dashboard.live_list import PAGE
from tests.dashboard.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_more_are_shown_where_asked_for_and_a_search_begins_with_a_key(site: Site, page: Page):
    made = [
        site.api.evals.create(
            name=f"paged {number:02}",
            data_source_config={"type": "custom", "item_schema": {"type": "object", "properties": {}}},
            testing_criteria=[
                {"type": "string_check", "name": "same", "input": "a", "reference": "a", "operation": "eq"}
            ],
        )
        for number in range(PAGE + 1)
    ]
    try:
        page.goto(f"{site.root}/evals?search=paged")
        rows = page.get_by_role("row").filter(has_text="paged")
        expect(rows).to_have_count(PAGE)
        page.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(PAGE + 1)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()
        page.keyboard.press("/")
        page.get_by_label("Search evals").press("ControlOrMeta+a")
        page.keyboard.type("paged 07")
        expect(rows).to_have_count(1)
        page.get_by_label("Made by").select_option("job")
        expect(page.get_by_text("No eval matches")).to_be_visible()
    finally:
        for each in made:
            site.api.evals.delete(each.id)
