from typing import Any

import pytest
from playwright.sync_api import Page, expect

from burnish.dashboard.pages.rollouts import readable
from tests.dashboard.conftest import ATTACK, Site
from tests.dashboard.evaluated import ALIKE, CONFIG, done, new_eval, stored

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_an_item_shows_the_row_the_answer_and_every_criterion(site: Site, page: Page):
    made = new_eval(site.api)
    run = done(site.api, made, **stored("right", f"righ {ATTACK}"))
    items = {each.datasource_item_id: each for each in site.api.evals.runs.output_items.list(run, eval_id=made)}
    item = items[1]
    page.goto(f"{site.root}/evals/{made}/runs/{run}/items/{item.id}")
    expect(page.get_by_role("heading", name="Row 2")).to_be_visible()
    expect(page.locator(".card", has_text="Question")).to_contain_text(f"{ATTACK} 1?")
    answer = page.locator(".card", has=page.get_by_role("heading", name="Answer"))
    expect(answer).to_contain_text(f"righ {ATTACK}")
    expect(answer.get_by_text(f"I thought {ATTACK}")).to_be_hidden()
    answer.get_by_text("Reasoning").click()
    expect(answer.get_by_text(f"I thought {ATTACK}")).to_be_visible()
    alike = page.locator(".card", has=page.get_by_role("heading", name="alike"))
    expect(alike).to_contain_text("Passes from 0.5")
    expect(alike).to_contain_text("Failed")
    others = page.locator("a[rel=prev], a[rel=next]")
    expect(others).to_have_count(1)
    others.click()
    expect(page.get_by_role("heading", name="Row 1")).to_be_visible()


def test_a_jobs_item_shows_its_reward_and_leads_to_its_rollouts(site: Site, page: Page):
    job = site.api.fine_tuning.jobs.retrieve(site.job)
    train = job.train_eval_id  # type: ignore[attr-defined]  # ours
    run = next(iter(site.api.evals.runs.list(train)))
    item = next(iter(site.api.evals.runs.output_items.list(run.id, eval_id=train)))
    page.goto(f"{site.root}/evals/{train}/runs/{run.id}/items/{item.id}")
    facts = page.locator(".card", has_text="How it was sampled")
    expect(facts).to_contain_text("Reward")
    expect(facts).to_contain_text("Advantage")
    page.get_by_role("link", name="All answers of this step").click()
    expect(page.get_by_label("Step")).to_have_value("1")


def test_a_judges_words_stand_with_its_score_and_what_it_used(site: Site, page: Page):
    judge = {
        "type": "score_model",
        "name": "judge",
        "model": "tiny",
        "input": [{"role": "user", "content": "Score {{sample.output_text}}"}],
        "sampling_params": {"seed": 1, "temperature": 0},
    }
    item = _judged(site, judge)
    said = item.results[0].sample["output"][0]["content"]
    page.goto(f"{site.root}/evals/{item.eval_id}/runs/{item.run_id}/items/{item.id}")
    card = page.locator(".card", has=page.get_by_role("heading", name="judge"))
    expect(card).to_contain_text("What tiny said")
    assert card.locator("details .say").inner_text() == readable(said)
    expect(card).to_contain_text("tokens read")


def test_what_went_wrong_with_a_criterion_is_told(site: Site, page: Page):
    item = _judged(site, {**ALIKE, "reference": "{{item.nowhere}}"})
    page.goto(f"{site.root}/evals/{item.eval_id}/runs/{item.run_id}/items/{item.id}")
    expect(page.locator(".note.bad")).to_contain_text("invalid variable")


def test_the_parts_of_a_multi_grader_have_their_scores(site: Site, page: Page):
    parts = {"one": {**ALIKE, "name": "one"}, "two": {**ALIKE, "name": "two", "reference": "rig"}}
    item = _judged(
        site, {"type": "multi", "name": "both", "graders": parts, "calculate_output": "0.5 * one + 0.5 * two"}
    )
    page.goto(f"{site.root}/evals/{item.eval_id}/runs/{item.run_id}/items/{item.id}")
    expect(page.locator(".parts")).to_contain_text("one1.000")
    expect(page.locator(".parts")).to_contain_text("two0.")


def _judged(site: Site, criterion: dict[str, Any]) -> Any:
    """The item of one right answer, judged by one criterion."""
    criteria: Any = [criterion]
    made = site.api.evals.create(data_source_config=CONFIG, testing_criteria=criteria).id  # type: ignore[arg-type]
    run = done(site.api, made, **stored("right"))
    return next(iter(site.api.evals.runs.output_items.list(run, eval_id=made)))


def test_an_item_that_is_not_there_is_told_in_words(site: Site, page: Page):
    made = new_eval(site.api)
    run = done(site.api, made, **stored("right"))
    page.goto(f"{site.root}/evals/{made}/runs/{run}/items/outputitem_none")
    expect(page.get_by_text("Output item with id 'outputitem_none' not found.")).to_be_visible()
