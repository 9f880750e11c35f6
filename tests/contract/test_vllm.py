"""A real vLLM in the engine's place, asked by the official client through our server.

Opt-in: `sh scripts/setup-vllm.sh .venv-vllm` makes an environment with vLLM's CPU build (3 GB); then
`python -m pytest tests/contract/test_vllm.py` takes a minute or two.
"""

import json
import math
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import httpx2
import openai
import pytest
from pydantic import BaseModel

from burnish.core.ports import free_port
from burnish.core.records import TunedModel
from burnish.policy.adapter import Adapter
from burnish.policy.load import Base
from burnish.server.app import create_app
from burnish.settings import STARTER, Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.house.tree import ROOT
from tests.serving import infer_app, listening

VLLM = ROOT / ".venv-vllm" / "bin" / "vllm"
TUNED = f"ft:{STARTER}:local::abcdefgh"
CHECKPOINT = f"{TUNED}:ckpt-step-2"
START_TIMEOUT_S = 180.0
QUESTION = [{"role": "user", "content": "Do you encrypt stored data?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VLLM.exists(), reason="no vLLM here: sh scripts/setup-vllm.sh .venv-vllm makes one"),
]


class Review(BaseModel):
    compliant: Literal["yes", "no", "needs review"]
    is_certain: bool


@contextmanager
def vllm(log: Path) -> Iterator[str]:
    """The address of a vLLM with the starter, `/v1` included."""
    port = free_port("127.0.0.1")
    words = ["serve", str(ROOT / "src/burnish/starter/weights"), "--served-model-name", "starter-there"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--max-model-len", "1024"]
    words += ["--enable-lora", "--max-loras", "2", "--reasoning-parser", "deepseek_r1"]
    words += ["--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--max-logprobs", "20"]
    environment = {
        **os.environ,
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    environment.pop("PYTHONPATH", None)
    with log.open("wb") as out:
        process = subprocess.Popen([str(VLLM), *words], env=environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False


class Site(BaseModel):
    """Two servers over the same data: by vLLM, and by our own engine."""

    model_config = {"arbitrary_types_allowed": True}
    vllm: openai.OpenAI
    own: openai.OpenAI


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("vllm")
    settings = Settings.model_validate({"data_dir": directory / "data", "training": {"dtype": "float32"}})
    adapter = Adapter.fresh(Base.load(STARTER).routing.targets, 8, 16.0, seed=1)
    for part in adapter.parameters():
        part.data.normal_(std=0.05)
    adapter.write(directory / "adapter", STARTER)
    open_blobs(settings).put_directory("models/job-1", directory / "adapter")
    store = open_store(settings)
    for name, step in ((CHECKPOINT, 2), (TUNED, 4)):
        store.models.insert(TunedModel(name, 1, STARTER, "ftjob-1", step, "models/job-1", "lora", "none", "default"))
    store.close()
    with ExitStack() as running:
        infer = running.enter_context(listening(infer_app(settings)))
        there = {STARTER: {"base_url": running.enter_context(vllm(directory / "vllm.log")), "model": "starter-there"}}
        given = {
            "own": settings.model_copy(update={"infer_url": infer}),
            "vllm": Settings.model_validate({**settings.model_dump(), "serving": {"vllm": there}}),
        }
        urls = {name: running.enter_context(listening(create_app(each))) for name, each in given.items()}
        clients = {
            name: openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) for name, url in urls.items()
        }
        for client in clients.values():
            running.enter_context(client)
        yield Site(**clients)


def logprobs(client: openai.OpenAI, model: str) -> list[tuple[str, float]]:
    """The tokens of the likeliest answer without reasoning."""
    answer = client.chat.completions.create(
        model=model,
        messages=QUESTION,
        temperature=0,
        reasoning_effort="none",
        logprobs=True,
        max_completion_tokens=24,
    )
    assert answer.model == model
    return [(entry.token, entry.logprob) for entry in answer.choices[0].logprobs.content]


@pytest.mark.parametrize("model", [STARTER, TUNED, CHECKPOINT])
def test_base_tuned_and_checkpoint_answer_as_our_own_engine_does(site: Site, model: str):
    own, theirs = logprobs(site.own, model), logprobs(site.vllm, model)
    assert len(own) > 4
    assert [token for token, _ in theirs][: len(own)] == [token for token, _ in own]
    for (_, mine), (_, other) in zip(own, theirs, strict=False):
        assert math.isclose(mine, other, abs_tol=0.01)


def test_the_adapter_is_what_makes_the_difference(site: Site):
    assert logprobs(site.vllm, TUNED) != logprobs(site.vllm, STARTER)


@pytest.mark.parametrize("model", [STARTER, TUNED])
def test_a_stream_joins_to_the_plain_answer_with_usage(site: Site, model: str):
    ask = {"model": model, "messages": QUESTION, "temperature": 0, "max_completion_tokens": 60}
    plain = site.vllm.chat.completions.create(**ask)
    chunks = list(site.vllm.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == plain.usage.completion_tokens
    assert {chunk.model for chunk in chunks} == {model}


def test_reasoning_stays_hidden(site: Site):
    answer = site.vllm.chat.completions.create(
        model=STARTER, messages=QUESTION, temperature=0, reasoning_effort="low", logprobs=True
    )
    message = answer.choices[0].message
    assert "</think>" not in message.content
    assert message.model_extra == {}
    assert "".join(entry.token for entry in answer.choices[0].logprobs.content).startswith(message.content)


@pytest.mark.parametrize("model", [STARTER, TUNED])
def test_structured_output_is_enforced_there(site: Site, model: str):
    for seed in range(4):
        parsed = site.vllm.chat.completions.parse(
            model=model,
            messages=QUESTION,
            response_format=Review,
            temperature=1.0,
            seed=seed,
            reasoning_effort="low",
        )
        assert isinstance(parsed.choices[0].message.parsed, Review)


def test_a_tool_that_is_demanded_is_called(site: Site):
    answer = site.vllm.chat.completions.create(
        model=STARTER,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        temperature=0,
        reasoning_effort="low",
        max_completion_tokens=80,
    )
    [call] = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) is not None  # this vLLM enforces the call, not what its arguments are


def test_responses_are_answered_by_it_as_well(site: Site):
    made = site.vllm.responses.create(model=TUNED, input="Do you encrypt stored data?", max_output_tokens=60)
    assert (made.model, made.status in ("completed", "incomplete")) == (TUNED, True)


def test_what_it_refuses_is_a_400_in_its_words(site: Site):
    with pytest.raises(openai.BadRequestError, match="top_k must be"):
        site.vllm.chat.completions.create(model=STARTER, messages=QUESTION, extra_body={"top_k": -7})
