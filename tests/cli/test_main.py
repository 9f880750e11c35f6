import subprocess
import sys

from typer.testing import CliRunner

from burnish.cli.main import app


def test_every_command_explains_itself():
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for command in ("serve", "demo", "chat", "grade", "jobs", "files", "models", "keys"):
        assert command in listed
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_our_errors_are_one_line_without_a_traceback():
    command = [sys.executable, "-m", "burnish", "jobs", "list", "--base-url", "http://127.0.0.1:9/v1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("burnish: No server answers at http://127.0.0.1:9/v1.")
    assert "Traceback" not in done.stderr
