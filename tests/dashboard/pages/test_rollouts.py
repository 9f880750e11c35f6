import pytest
from playwright.sync_api import Page, expect

from burnish.dashboard.pages.rollouts import readable, tint
from tests.dashboard.conftest import ATTACK, Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_steps_answers_stand_beside_their_question(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}/rollouts?step=1")
    expect(page.get_by_text(ATTACK).first).to_be_visible()
    expect(page.locator("section").first.locator("article")).to_have_count(8)
    article = page.locator("article").first
    article.get_by_text("by log-prob").click()
    expect(article.locator(".tokens span").first).to_be_visible()
    assert article.locator(".tokens").inner_text().endswith("<|im_end|>")
    assert article.locator(".tokens span").last.get_attribute("title").endswith("%")


def test_steps_phases_and_scores_are_chosen(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}/rollouts")
    page.get_by_role("link", name="Earlier").click()
    expect(page.get_by_label("Step")).to_have_value("3")
    page.get_by_label("Phase").select_option("valid")
    expect(page.get_by_text("No answer matches")).to_be_visible()
    page.get_by_label("Step").select_option("4")
    expect(page.locator("article").first).to_be_visible()
    page.get_by_label("Show").select_option("fault")
    expect(page.get_by_label("Show")).to_have_value("fault")


def test_a_row_is_followed_from_step_to_step(site: Site, page: Page):
    page.goto(f"{site.root}/jobs/{site.job}/rows/1?phase=valid")
    expect(page.locator("section")).to_have_count(3)
    expect(page.get_by_text("against the step before").first).to_be_visible()


def test_json_has_a_line_for_each_field_and_other_text_is_left_alone():
    assert readable('{"a": 1, "b": "é"}') == '{\n "a": 1,\n "b": "é"\n}'
    assert readable("{no json") == "{no json"
    assert readable(None) == ""


def test_the_colour_tells_the_direction():
    assert "--good" in tint(1.0)
    assert "--bad" in tint(-0.2)
    assert tint(None) == tint(0.0) == "var(--line)"
