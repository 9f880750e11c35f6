import json

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site
from tests.rows import GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_two_models_answer_side_by_side_and_are_graded(site: Site, page: Page):
    page.goto(f"{site.root}/playground")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Write a prompt first.")).to_be_visible()
    page.get_by_label("Prompt", exact=True).fill("Which word?")
    page.get_by_text("System prompt, response schema, grader").click()
    page.get_by_label("Grader (JSON)").fill(json.dumps(GRADER | {"reference": "x"}))
    page.get_by_label("Model").nth(0).select_option("tiny")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("reward 0.000")).to_have_count(2, timeout=60_000)
