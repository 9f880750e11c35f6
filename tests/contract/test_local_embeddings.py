"""An embedding model of the server's own, from the official client to a process that the inference process starts."""

from collections.abc import Iterator

import openai
import pytest
from fastapi.testclient import TestClient

from burnish.core.ports import free_port
from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from tests.contract.shape import missing
from tests.embedding import write_transformer
from tests.infer.test_process import started, wait_for

pytestmark = pytest.mark.slow

COSINE = {
    "type": "text_similarity",
    "name": "alike",
    "evaluation_metric": "cosine",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[openai.OpenAI]:
    directory = tmp_path_factory.mktemp("server")
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    models = {
        "embedders": {"own": str(write_transformer(directory))},
        "aliases": {"text-embedding-3-large": "own"},
    }
    settings = Settings.model_validate({"data_dir": directory / "data", "infer_url": url, "models": models})
    with started(settings) as process, TestClient(app_of(open_state(settings))) as http:
        wait_for(url, process)
        yield openai.OpenAI(base_url="http://testserver/v1", api_key="any", http_client=http, max_retries=0)


@pytest.mark.parametrize("name", ["own", "text-embedding-3-large"])
def test_texts_become_vectors(client: openai.OpenAI, name: str):
    found = client.embeddings.create(model=name, input=["one", "two"], dimensions=8)
    numbers = client.embeddings.create(model=name, input=["one", "two"], dimensions=8, encoding_format="float")
    assert [list(row.embedding) for row in found.data] == [row.embedding for row in numbers.data]
    assert [len(row.embedding) for row in found.data] == [8, 8]
    assert (found.model, found.usage.prompt_tokens) == (name, 10)
    assert missing(found) == []


def test_what_it_cannot_do_is_refused(client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError, match="reads 32") as too_long:
        client.embeddings.create(model="own", input="long " * 20)
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="tokens' ids"):
        client.embeddings.create(model="own", input=[1, 2, 3])
    for name in ("own", "text-embedding-3-large"):
        with pytest.raises(openai.BadRequestError, match="makes embeddings, and no answers") as no_chat:
            client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}])
        assert (no_chat.value.param, no_chat.value.code) == ("model", "model_not_supported")
        with pytest.raises(openai.BadRequestError, match="makes embeddings, and no answers"):
            client.responses.create(model=name, input="hi")


def test_it_is_listed(client: openai.OpenAI):
    embedders = {model.id for model in client.models.list() if (model.model_extra or {}).get("embeds")}
    assert embedders == {"own", "text-embedding-3-large"}
    assert client.models.retrieve("own").owned_by == "local"


def test_graders_compare_with_it(client: openai.OpenAI):
    def score(answer: str) -> float:
        body = {"grader": COSINE, "item": {"answer": "a good answer"}, "model_sample": answer}
        run = client.post("/fine_tuning/alpha/graders/run", body=body, cast_to=dict)
        assert not any(run["metadata"]["errors"].values()), run
        return run["reward"]

    first, second = (
        row.embedding for row in client.embeddings.create(model="own", input=["a good answer", "another"]).data
    )
    assert score("a good answer") == pytest.approx(1.0)
    assert score("another") == pytest.approx(max(0.0, sum(a * b for a, b in zip(first, second, strict=True))), abs=1e-6)


def test_it_neither_judges_nor_is_tuned(client: openai.OpenAI):
    file = client.files.create(
        file=("rows.jsonl", b'{"messages": [{"role": "user", "content": "a"}]}'), purpose="fine-tune"
    )
    judge = {"type": "score_model", "name": "judge", "model": "own", "input": [{"role": "user", "content": "?"}]}
    for model, grader in (("own", COSINE | {"reference": "a"}), ("burnish-starter", judge)):
        method = {"type": "reinforcement", "reinforcement": {"grader": grader}}
        with pytest.raises(openai.BadRequestError, match="makes embeddings, and no answers"):
            client.fine_tuning.jobs.create(model=model, training_file=file.id, validation_file=file.id, method=method)
