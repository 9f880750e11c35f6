import httpx2
import pytest

from burnish.core.ports import free_port
from burnish.settings import Settings
from tests.infer.test_process import PATIENCE_S, started, wait_for

pytestmark = pytest.mark.slow


def test_it_answers_with_the_base_it_is_asked_for_and_ends_with_its_parent(tmp_path):
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with started(Settings(data_dir=tmp_path, infer_url=url), "burnish.infer.base_process") as process:
        assert wait_for(url, process) == {"status": "ok", "bases": [], "users": 0}
        body = {
            "model": "echoed",
            "messages": [{"role": "user", "content": "hi"}],
            "max_completion_tokens": 2,
            "burnish": {"base": "burnish-starter"},
        }
        answer = httpx2.post(f"{url}/v1/chat/completions", json=body, timeout=PATIENCE_S, trust_env=False)
        assert (answer.status_code, answer.json()["model"]) == (200, "echoed")
        assert wait_for(url, process) == {"status": "ok", "bases": ["burnish-starter"], "users": 0}
        process.stdin.close()
        process.wait(timeout=PATIENCE_S)
