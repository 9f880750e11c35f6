from pathlib import Path

from typer.testing import CliRunner

from burnish.cli.main import app
from tests.contract.served import TUNED, write_served


def test_a_model_is_exported_and_compared(tmp_path: Path, monkeypatch):
    settings = write_served(tmp_path / "served")
    monkeypatch.setenv("BURNISH_MODELS__LOCAL__TINY", settings.models.local["tiny"])
    out = tmp_path / "out"
    command = ["export", TUNED, str(out), "--merged", "--rows", "1", "--data-dir", str(settings.data_dir)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "largest difference" in result.output
    assert (out / "model.safetensors").is_file()
