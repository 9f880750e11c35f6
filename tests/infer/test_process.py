"""The process as `burnish serve` starts it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from burnish.core.ports import free_port
from burnish.settings import Settings, child_environment

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0


@contextmanager
def started(settings: Settings, module: str = "burnish.infer.process") -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-m", module], env=child_environment(settings), stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> dict:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx2.get(f"{url}/health", timeout=5, trust_env=False).json()
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("the process did not come up")


def test_it_listens_where_the_settings_say_and_ends_with_its_parent(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with started(Settings(data_dir=tmp_path, infer_url=url)) as process:
        assert wait_for(url, process) == {"status": "ok", "bases": []}
        process.stdin.close()
        process.wait(timeout=PATIENCE_S)


def test_the_processes_that_it_started_end_even_where_it_was_killed(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    with started(Settings(data_dir=tmp_path, infer_url=url)) as process:
        wait_for(url, process)
        body = {
            "model": "x",
            "messages": [{"role": "user", "content": "hi"}],
            "max_completion_tokens": 1,
            "burnish": {"base": "burnish-starter"},
        }
        with httpx2.Client(timeout=PATIENCE_S, trust_env=False, follow_redirects=True) as client:
            assert client.post(f"{url}/v1/chat/completions", json=body).status_code == 200
        threads = Path(f"/proc/{process.pid}/task").glob("*/children")
        children = [int(pid) for thread in threads for pid in thread.read_text().split()]
        assert children
        process.kill()
        process.wait()
        deadline = time.monotonic() + PATIENCE_S
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_without_an_address_it_says_what_to_set(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "burnish.infer.process"],
        env=child_environment(Settings(data_dir=tmp_path)),
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert b"infer_url is not set" in done.stderr
