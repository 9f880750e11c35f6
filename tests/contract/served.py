"""A server in front of a model that runs: a tiny base, a tuned model on it and a checkpoint of that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import openai
from fastapi.testclient import TestClient

from burnish.core.records import TunedModel
from burnish.policy.adapter import Adapter
from burnish.policy.load import Base
from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.serving import infer_app, tiny_settings
from tests.tiny import write_tiny_model

TUNED = "ft:tiny:local::abcdefgh"
CHECKPOINT = f"{TUNED}:ckpt-step-2"
ALIAS = "o4-mini-2025-04-16"


def write_served(directory: Path) -> Settings:
    """A data directory with all of that."""
    model = write_tiny_model(directory / "tiny")
    settings = tiny_settings(directory / "data", model, infer_url="http://infer")
    settings = settings.model_copy(update={"models": settings.models.model_copy(update={"aliases": {ALIAS: "tiny"}})})
    adapter = Adapter.fresh(Base.load(model).routing.targets, 4, 64.0, seed=1)
    for part in adapter.parameters():
        part.data.normal_(std=0.3)
    adapter.write(directory / "adapter", "tiny")
    open_blobs(settings).put_directory("models/job-1", directory / "adapter")
    store = open_store(settings)
    for name, step in ((CHECKPOINT, 2), (TUNED, 4)):
        store.models.insert(TunedModel(name, 1, "tiny", "ftjob-1", step, "models/job-1", "lora", "low", "default"))
    store.close()
    return settings


@contextmanager
def in_process(settings: Settings) -> Iterator[openai.OpenAI]:
    """The official client, without a socket."""
    transport = httpx2.ASGITransport(infer_app(settings))
    state = open_state(settings, httpx2.AsyncClient(transport=transport))
    with TestClient(app_of(state)) as http:
        yield openai.OpenAI(base_url="http://testserver/v1", api_key="any", http_client=http, max_retries=0)
