"""Clients that are not Python's `openai`: its npm package, LiteLLM, and LangChain's ChatOpenAI.

Each has a place of its own, which a script fills: `sh scripts/setup-npm.sh .npm` (a package of a few MB, node must be
there), `sh scripts/setup-clients.sh .venv-clients` (200 MB). Where it is lacking, its test is skipped and says so.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from burnish.server.app import create_app
from tests.contract.served import TUNED
from tests.house.tree import ROOT
from tests.serving import infer_app, listening

Json = Any

HERE = Path(__file__).parent / "clients"
NPM = ROOT / ".npm"
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
TIMEOUT_S = 120.0

npm = pytest.mark.skipif(
    shutil.which("node") is None or not (NPM / "node_modules" / "openai").exists(),
    reason="no node here, or no npm package: sh scripts/setup-npm.sh .npm installs it where node and npm are",
)
python = pytest.mark.skipif(
    not PYTHON.exists(), reason="no LiteLLM and LangChain here: sh scripts/setup-clients.sh .venv-clients"
)


@pytest.fixture(scope="module")
def url(served) -> Iterator[str]:
    with (
        listening(infer_app(served)) as infer_url,
        listening(create_app(served.model_copy(update={"infer_url": infer_url}))) as url,
    ):
        yield f"{url}/v1"


def found_by(*command: str | Path) -> Json:
    """What a client's program prints. It gets nothing of our environment but where programs are."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "NO_PROXY": "*"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def plain_answer(url: str, **fields: Json) -> str | None:
    """What Python's client is told."""
    with openai.OpenAI(base_url=url, api_key="any", max_retries=0) as client:
        completion = client.chat.completions.create(
            model=TUNED, messages=[{"role": "user", "content": "hello"}], temperature=0, **fields
        )
    return completion.choices[0].message.content


@npm
def test_the_npm_package_is_answered_like_pythons(url):
    found = found_by("node", HERE / "openai.mjs", NPM, url, TUNED)
    assert found["plain"] == plain_answer(url, reasoning_effort="none", max_completion_tokens=20)
    assert found["streamed"] == found["plain"]
    assert found["parsed"]["compliant"] in ("yes", "no")
    assert found["called"]["compliant"] in ("yes", "no")
    assert found["final"] == found["response"]
    assert found["events"] == list(range(len(found["events"])))
    assert {"tiny", TUNED} <= set(found["models"])
    assert found["refused"] == [True, "model_not_found"]


@python
@pytest.mark.slow
def test_litellm_is_answered_like_pythons_client(url):
    found = found_by(PYTHON, HERE / "litellm_smoke.py", url, TUNED)
    assert found["plain"] == plain_answer(url, max_completion_tokens=20)
    assert found["streamed"] == found["plain"]


@python
@pytest.mark.slow
def test_langchain_is_answered_like_pythons_client(url):
    found = found_by(PYTHON, HERE / "langchain_smoke.py", url, TUNED)
    assert found["plain"] == plain_answer(url, max_completion_tokens=20)
    assert found["streamed"] == found["plain"]
    assert {found["review"], found["called"]} <= {"yes", "no"}
