"""Take the pictures of docs/images: every page of the dashboard over a real job of the starter model.

`make screenshots` runs it, in a few minutes. It needs Chromium (`sh scripts/system-packages.sh`). Given the directory
of a demo that has run and the names of pages, it takes their pictures alone:
`python scripts/screenshots.py DIR evals compare`.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openai import OpenAI
from playwright.sync_api import Browser, Page, sync_playwright

from burnish.cli.demo import demo, local_server

IMAGES = Path(__file__).parents[1] / "docs" / "images"
EPOCHS = 4
WIDE, NARROW = (1280, 860), (390, 844)
BOTH = ("jobs", "job", "rollouts", "eval-run", "compare")
"""Pages that are shown on a phone too."""
SETTLED_MS = 2500
"""Curves are drawn by then."""
EVAL = "Security review, before and after"
PROMPT = "Do you encrypt stored data?"


def main(arguments: Sequence[str]) -> None:
    """Run the demo, or take the directory of one that has run; then open every page."""
    chromium = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    if chromium is None:
        sys.exit("Chromium is not installed: sh scripts/system-packages.sh")
    data_dir = Path(arguments[0]) if arguments else Path(tempfile.mkdtemp()) / "demo"
    if not data_dir.exists():
        demo(EPOCHS, 0, data_dir)
    IMAGES.mkdir(exist_ok=True)
    with local_server(data_dir) as api, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        _pictures(browser, api, arguments[1:])
        browser.close()


def _pictures(browser: Browser, api: OpenAI, wanted: Sequence[str]) -> None:
    job = next(iter(api.fine_tuning.jobs.list(limit=1)))
    root = str(api.base_url).removesuffix("/v1/")
    pages = {
        "jobs": "/",
        "job": f"/jobs/{job.id}",
        "events": f"/jobs/{job.id}?tab=events",
        "checkpoints": f"/jobs/{job.id}?tab=checkpoints",
        "setup": f"/jobs/{job.id}?tab=setup",
        "ledger": f"/jobs/{job.id}?tab=ledger",
        "rollouts": f"/jobs/{job.id}/rollouts?step=16",
        "row": f"/jobs/{job.id}/rows/3?phase=valid",
        "create": "/create",
        **_eval_pages(api, job),
        "playground": f"/playground?models=burnish-starter,{job.fine_tuned_model}",
        "files": "/files",
        "models": "/models",
        "settings": "/settings",
    }
    for name, path in pages.items():
        if wanted and name not in wanted:
            continue
        for mode in ("light", "dark"):
            for size in (WIDE, NARROW) if name in BOTH else (WIDE,):
                page = browser.new_page(
                    viewport={"width": size[0], "height": size[1]},
                    color_scheme="light" if mode == "light" else "dark",
                )
                page.goto(root + path)
                page.wait_for_timeout(SETTLED_MS)
                if name == "playground":
                    _ask(page)
                page.screenshot(path=IMAGES / f"{name}-{size[0]}-{mode}.png")
                page.close()


def _eval_pages(api: OpenAI, job: Any) -> dict[str, str]:
    """The job's own eval, and one of the base beside the tuned model, which is made if it is not there."""
    made = next((each.id for each in api.evals.list(limit=100) if each.name == EVAL), None) or _new_eval(api, job)
    base, best, tuned = [run.id for run in api.evals.runs.list(made, limit=3)]
    items = api.evals.runs.output_items.list(base, eval_id=made, status="fail", limit=1)
    return {
        "evals": "/evals",
        "eval": f"/evals/{job.eval_id}",
        "eval-run": f"/evals/{made}/runs/{base}?show=fail",
        "eval-item": f"/evals/{made}/runs/{base}/items/{next(iter(items)).id}?show=fail",
        "compare": f"/evals/{made}/compare?run_id={base}&run_id={tuned}&slice=item.compliant",
        "compare-three": f"/evals/{made}/compare?run_id={base}&run_id={best}&run_id={tuned}",
    }


def _new_eval(api: OpenAI, job: Any) -> str:
    criteria: Any = [
        {**part, "name": name, "pass_threshold": 0.8}
        for name, part in job.method.reinforcement.to_dict()["grader"]["graders"].items()
    ]
    config: Any = {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True}
    made = api.evals.create(name=EVAL, data_source_config=config, testing_criteria=criteria).id
    source = {
        "type": "completions",
        "model": "burnish-starter",
        "source": {"type": "file_id", "id": job.validation_file},
        "input_messages": {"type": "item_reference", "item_reference": "item.messages"},
        "sampling_params": {
            "temperature": 0.7,
            "response_format": job.method.reinforcement.to_dict()["response_format"],
        },
    }
    for name, changes in (
        ("Base", {}),
        ("Base, best of 4", {"best_of": 4}),
        ("Tuned", {"model": job.fine_tuned_model}),
    ):
        sent: Any = {**source, **changes}
        run: Any = api.evals.runs.create(made, name=name, data_source=sent)
        while run.status in ("queued", "in_progress"):
            time.sleep(0.5)
            run = api.evals.runs.retrieve(run.id, eval_id=made)
    return made


def _ask(page: Page) -> None:
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("tokens in").nth(1).wait_for(timeout=60_000)


if __name__ == "__main__":
    main(sys.argv[1:])
