import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.running import server
from tests.work.test_reinforce import FORMAT, GRADER

ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
"""Whatever renders it as HTML changes the page's title."""
TIMEOUT_S = 240
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Site:
    """A real server whose one job has come to its end."""

    root: str
    api: openai.OpenAI
    job: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Every text that a user may give is an attack."""
    directory = tmp_path_factory.mktemp("dashboard")
    with (
        server(directory, max_answer_tokens=24) as url,
        openai.OpenAI(base_url=url, api_key="none") as api,
    ):
        yield Site(url.removesuffix("/v1"), api, _finished(api, directory))


@pytest.fixture
def page() -> Iterator[Page]:
    """A page in headless Chromium. At its end nothing has gone wrong in it, and no other host was asked."""
    browser_path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser_path is None:
        pytest.skip("Chromium is not installed: sh scripts/system-packages.sh")
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if _is_ours(request.url) else wrong.append(request.url))
        yield page
        title = page.title()
        browser.close()
    assert wrong == []
    assert title != "taken"


def start(api: openai.OpenAI, directory: Path, *, epochs: int = 2) -> str:
    """The id of a new job, every text of which is an attack."""
    path = directory / "rows.jsonl"
    rows = [{"messages": [{"role": "user", "content": f"{ATTACK} {n}"}], "wanted": "maybe", "n": n} for n in range(10)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file_id = api.files.create(file=path, purpose="fine-tune").id
    hyper = {"n_epochs": epochs, "batch_size": 5, "reasoning_effort": "none", "eval_interval": 2}
    method = {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper}
    return api.fine_tuning.jobs.create(
        model="tiny",
        training_file=file_id,
        validation_file=file_id,
        seed=5,
        suffix="seen",
        metadata={"note": ATTACK},
        method={"type": "reinforcement", "reinforcement": method},  # type: ignore[typeddict-item]  # as scripts write it
    ).id


def _finished(api: openai.OpenAI, directory: Path) -> str:
    job = start(api, directory)
    deadline = time.monotonic() + TIMEOUT_S
    while api.fine_tuning.jobs.retrieve(job).status != "succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return job


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "data:", "blob:"))
