"""Take the pictures of docs/images: every page of the dashboard over a real job of the starter model.

`make screenshots` runs it, in a few minutes. It needs Chromium (`sh scripts/system-packages.sh`).
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from openai import OpenAI
from playwright.sync_api import Browser, Page, sync_playwright

from burnish.cli.demo import demo, local_server

IMAGES = Path(__file__).parents[1] / "docs" / "images"
EPOCHS = 4
WIDE, NARROW = (1280, 860), (390, 844)
SETTLED_MS = 2500
"""Curves are drawn by then."""
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
        _pictures(browser, api)
        browser.close()


def _pictures(browser: Browser, api: OpenAI) -> None:
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
        "playground": f"/playground?models=burnish-starter,{job.fine_tuned_model}",
        "files": "/files",
        "models": "/models",
        "settings": "/settings",
    }
    for name, path in pages.items():
        for mode in ("light", "dark"):
            for size in (WIDE, NARROW) if name in ("jobs", "job", "rollouts") else (WIDE,):
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


def _ask(page: Page) -> None:
    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("tokens in").nth(1).wait_for(timeout=60_000)


if __name__ == "__main__":
    main(sys.argv[1:])
