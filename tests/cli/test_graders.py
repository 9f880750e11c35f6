import pytest
from typer.testing import CliRunner

from burnish.cli.main import app
from tests.sandbox.test_image import wheel


@pytest.mark.slow
def test_what_is_installed_and_what_is_not_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel(tmp_path, "tinything").parent))
    pins = tmp_path / "pins.txt"
    pins.write_text("tinything==1.0\nnowhere==2.0\n")
    words = ["graders", "install", "2025-05-08", "--data-dir", str(tmp_path / "data"), "--pins", str(pins)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "installed 1: tinything==1.0" in done.stdout
    assert "NOT installed: nowhere==2.0" in done.stdout


def test_an_unknown_image_is_refused(tmp_path):
    done = CliRunner().invoke(app, ["graders", "install", "2024", "--data-dir", str(tmp_path)])
    assert "no grader image '2024'" in str(done.exception)
