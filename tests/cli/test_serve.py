import subprocess
import sys
import time

import pytest

from burnish.cli.serve import RESTARTS, _Child, followers, running
from burnish.core.errors import BurnishError
from burnish.settings import Settings, child_environment


def test_children_read_the_same_settings(tmp_path):
    settings = Settings(data_dir=tmp_path, port=4321, organization="acme")
    program = "from burnish.settings import Settings; print(Settings().model_dump_json())"
    told = subprocess.run(
        [sys.executable, "-c", program], env=child_environment(settings), capture_output=True, text=True, check=True
    )
    assert Settings.model_validate_json(told.stdout) == settings


def test_a_process_that_dies_is_started_again_until_stopped(tmp_path):
    mark = tmp_path / "starts"
    program = f"open({str(mark)!r}, 'a').write('x')"
    child = _Child([sys.executable, "-c", program], child_environment(Settings(data_dir=tmp_path)))
    child.start()
    deadline = time.monotonic() + 30
    while not mark.exists() or len(mark.read_text()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.stop()
    count = len(mark.read_text())
    time.sleep(0.1)
    assert len(mark.read_text()) == count


def test_deaths_long_ago_are_forgotten(tmp_path):
    mark = tmp_path / "starts"
    program = f"open({str(mark)!r}, 'a').write('x')"
    child = _Child([sys.executable, "-S", "-c", program], child_environment(Settings(data_dir=tmp_path)), steady_s=0.0)
    child.start()
    deadline = time.monotonic() + 30
    while not mark.exists() or len(mark.read_text()) < RESTARTS + 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.stop()


def test_what_was_started_ends_with_the_block(tmp_path):
    with running("http.server", Settings(data_dir=tmp_path), arguments=("0", "--bind", "127.0.0.1")) as child:
        assert child.is_alive
    assert not child.is_alive


def test_followers_start_where_there_is_something_to_follow_with(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    logs = {"directory": tmp_path / "logs"}
    assert followers(Settings()) == []
    assert followers(Settings(wandb={"mode": "offline"})) == ["burnish.follow.wandb_run"]
    assert followers(Settings(wandb={"api_key": "k"}, tensorboard=logs)) == [
        "burnish.follow.wandb_run",
        "burnish.follow.event_file",
    ]
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert followers(Settings(wandb={"mode": "offline"})) == []


def test_a_directory_for_tensorboard_without_what_writes_it_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(BurnishError, match=r"pip install 'burnish\[tensorboard\]'"):
        followers(Settings(tensorboard={"directory": tmp_path}))
