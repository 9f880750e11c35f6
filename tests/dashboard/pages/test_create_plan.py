import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_the_plan_follows_what_is_typed_and_says_why_there_is_none(site: Site, page: Page, tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    rows = [{"messages": [{"role": "user", "content": f"{ATTACK} {n}"}]} for n in range(20)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page.goto(f"{site.root}/create")
    expect(page.get_by_text("Choose both files to see what the job comes to.")).to_be_visible()
    for name in ("training", "validation"):
        page.get_by_label(f"Upload a {name} file").set_input_files(file)
    answers = page.locator(".stat", has_text="Training answers")
    expect(answers).to_contain_text("3,200")  # 20 rows, 20 epochs, 8 answers
    page.get_by_label("n_epochs").fill("2")
    expect(answers).to_contain_text("320")
    page.get_by_label("n_epochs").fill("99")
    expect(page.get_by_text("n_epochs").nth(1)).to_be_visible()
    expect(answers).to_be_hidden()
