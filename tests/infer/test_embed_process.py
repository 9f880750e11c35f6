import httpx2
import pytest

from burnish.core.ports import free_port
from burnish.settings import Settings
from tests.embedding import write_static
from tests.infer.test_process import PATIENCE_S, started, wait_for

pytestmark = pytest.mark.slow


def test_it_embeds_with_the_model_it_is_asked_for_and_ends_with_its_parent(tmp_path):
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    models = {"embedders": {"static": str(write_static(tmp_path))}}
    settings = Settings.model_validate({"data_dir": tmp_path, "infer_url": url, "models": models})
    with started(settings, "burnish.infer.embed_process") as process:
        assert wait_for(url, process) == {"status": "ok", "users": 0}
        body = {"model": "echoed", "input": "hi", "burnish": {"base": "static", "kind": "embedder"}}
        answer = httpx2.post(f"{url}/v1/embeddings", json=body, timeout=PATIENCE_S, trust_env=False)
        assert (answer.status_code, answer.json()["model"]) == (200, "echoed")
        process.stdin.close()
        process.wait(timeout=PATIENCE_S)
