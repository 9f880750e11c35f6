import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import ATTACK, Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dashboard")]


def test_a_job_is_made_from_files_by_clicking(site: Site, page: Page, tmp_path: Path):
    rows = [{"messages": [{"role": "user", "content": f"{ATTACK} {n}"}], "answer": "maybe"} for n in range(10)]
    file = tmp_path / "made.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page.goto(f"{site.root}/create")
    page.get_by_role("button", name="Start job").click()
    expect(page.get_by_text("Choose or upload a training file.")).to_be_visible()
    page.get_by_label("Base model").select_option("tiny")
    page.get_by_label("Upload a training file").set_input_files(file)
    expect(page.get_by_text("10 rows, all of them readable.")).to_have_count(1)
    page.get_by_label("Upload a validation file").set_input_files(file)
    expect(page.get_by_text("10 rows, all of them readable.")).to_have_count(2)
    page.get_by_label("and an answer").fill("maybe")
    page.get_by_role("button", name="Grade").click()
    expect(page.get_by_text("reward 1.000")).to_be_visible()
    page.get_by_label("n_epochs").fill("1")
    page.get_by_label("reasoning_effort").select_option("none")
    expect(page.locator(".stat", has_text="Training answers")).to_contain_text("80")
    expect(page.get_by_label("batch_size")).to_have_attribute("placeholder", "auto: 8")
    expect(page.get_by_text("Time and tokens as in 1 job of this model.")).to_be_visible()
    page.get_by_role("button", name="Show as Python").click()
    expect(page.locator("pre", has_text="fine_tuning.jobs.create")).to_contain_text("'n_epochs': 1")
    page.get_by_role("button", name="Start job").click()
    page.wait_for_url(re.compile("/jobs/ftjob-"))
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=120_000)


def test_a_broken_file_is_told_with_its_line(site: Site, page: Page, tmp_path: Path):
    file = tmp_path / "broken.jsonl"
    file.write_text('{"messages": [{"role": "user", "content": "x"}]}\n{"messages": []}\n[]\n')
    page.goto(f"{site.root}/create")
    page.get_by_label("Upload a training file").set_input_files(file)
    expect(page.get_by_text("2 rows would fail the job.")).to_be_visible()
    expect(page.locator(".broken")).to_contain_text("Line 2'messages' is empty")
    expect(page.locator(".broken")).to_contain_text("Line 3a row must be a JSON object")
