import json

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.rows import GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_two_models_answer_side_by_side_and_are_graded(site: Site, page: Page):
    page.goto(f"{site.root}/playground")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Write a prompt first.")).to_be_visible()
    page.get_by_label("Prompt", exact=True).fill("Which word?")
    page.get_by_text("System prompt, response schema, grader, tools").click()
    page.get_by_label("Grader (JSON)").fill(json.dumps(GRADER | {"reference": "x"}))
    page.get_by_label("Model").nth(0).select_option("tiny")
    expect(page.get_by_label("Model").nth(0).locator("option", has_text="vectors")).to_have_count(0)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("reward 0.000")).to_have_count(2, timeout=60_000)


def test_tools_are_checked_beside_their_field_and_calls_are_shown(site: Site, page: Page):
    page.goto(f"{site.root}/playground")
    page.get_by_label("Prompt", exact=True).fill("Which word?")
    page.get_by_text("System prompt, response schema, grader, tools").click()
    page.get_by_label("Tools (JSON)").fill('{"not": "a list"}')
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert").filter(has_text="The tools are a list of objects")).to_be_visible()
    schema = {"type": "object", "properties": {"word": {"enum": [ATTACK]}}, "required": ["word"]}
    schema["additionalProperties"] = False
    function = {"name": "look_up", "strict": True, "parameters": schema}
    page.get_by_label("Tools (JSON)").fill(json.dumps([{"type": "function", "function": function}]))
    page.get_by_label("Tool choice").select_option("required")
    page.get_by_label("Model").nth(0).select_option("tiny")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("look_up(").first).to_be_visible(timeout=60_000)
