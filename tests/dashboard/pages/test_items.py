import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


@pytest.fixture(scope="module")
def run(site: Site) -> str:
    """The path of a run: of four items two pass, one fails a criterion, one both."""
    made = new_eval(site.api)
    answers = ("right", "right", "righ", f"wrong {ATTACK}")
    return f"{site.root}/evals/{made}/runs/{done(site.api, made, **stored(*answers))}"


def test_items_are_filtered_found_and_ordered_and_the_address_says_how(run: str, page: Page):
    page.goto(run)
    lines = page.locator("a.item")
    expect(lines).to_have_count(4)
    page.get_by_role("button", name="Failed 2").click()
    expect(lines).to_have_count(2)
    page.get_by_label("Criterion").select_option("Fails alike")
    expect(lines).to_have_count(1)
    expect(lines.first).to_contain_text(ATTACK)
    page.get_by_label("Criterion").select_option("Any criterion")
    page.get_by_label("Order", exact=True).select_option("Highest score first")
    expect(lines.first).to_contain_text("righ")
    page.keyboard.press("/")
    page.get_by_label("Find in items").fill("WRONG")
    expect(lines).to_have_count(1)
    assert "show=fail" in page.url and "order=high" in page.url and "find=WRONG" in page.url
    page.reload()
    expect(lines).to_have_count(1)
    page.get_by_label("Find in items").fill("nowhere")
    expect(page.get_by_text("No item matches")).to_be_visible()


def test_of_thousands_of_items_those_in_sight_are_in_the_page(site: Site, page: Page):
    made = new_eval(site.api)
    run = done(site.api, made, **stored(*(["right"] * 3000), name="long"))
    page.goto(f"{site.root}/evals/{made}/runs/{run}")
    expect(page.locator("a.item").first).to_be_visible()
    expect(page.get_by_role("button", name="All 3,000")).to_be_visible()
    assert page.locator("a.item").count() < 100
    page.wait_for_function("document.documentElement.scrollHeight > 3000 * 62")
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_text("3000", exact=True)).to_be_visible()
    assert page.locator("a.item").count() < 100
    page.locator("a.item").last.click()
    page.wait_for_url("**/items/outputitem_*")
    page.go_back()
    expect(page.get_by_text("3000", exact=True)).to_be_visible()


def test_from_an_item_one_goes_on_in_the_order_in_which_the_list_was_left(run: str, page: Page):
    page.goto(f"{run}?order=low")
    page.locator("a.item").nth(0).click()
    expect(page.get_by_text("1 of 4")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 4")).to_be_visible()
    expect(page.get_by_text("righ", exact=True)).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text("1 of 4")).to_be_visible()


def test_what_the_api_refuses_the_list_is_told(site: Site):
    answer = httpx2.get(f"{site.root}/evals/eval_x/runs/evalrun_x/lines")
    assert (answer.status_code, answer.json()) == (404, {"error": "Eval run with id 'evalrun_x' not found."})
