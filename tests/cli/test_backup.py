from pathlib import Path

import pytest
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import Store, open_store
from tests.rows import NOW, file


def _filled(data_dir: Path) -> Store:
    settings = Settings(data_dir=data_dir)
    store = open_store(settings)
    store.files.insert(file("file-1", bytes=2))
    open_blobs(settings).put("files/file-1", b"{}")
    return store


def test_a_store_is_backed_up_and_restored(tmp_path: Path):
    secret = _filled(tmp_path / "data").keys.create("laptop", now=NOW).secret
    run = CliRunner()
    made = run.invoke(app, ["backup", str(tmp_path / "copy"), "--data-dir", str(tmp_path / "data")])
    assert made.stdout == "backed up: 2 rows, 1 files of 2 bytes\n"
    assert made.exit_code == 0
    filled = run.invoke(app, ["restore", str(tmp_path / "copy"), "--data-dir", str(tmp_path / "new")])
    assert filled.stdout == "restored: 2 rows, 1 files of 2 bytes\n"
    settings = Settings(data_dir=tmp_path / "new")
    assert open_store(settings).keys.find(secret) is not None
    assert open_blobs(settings).get("files/file-1") == b"{}"


def test_without_an_option_the_settings_name_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _filled(tmp_path / "data")
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path / "data"))
    made = CliRunner().invoke(app, ["backup", str(tmp_path / "copy")])
    assert made.stdout == "backed up: 1 rows, 1 files of 2 bytes\n"


def test_what_the_store_has_lost_is_a_warning_and_no_success(tmp_path: Path):
    _filled(tmp_path / "data")
    open_blobs(Settings(data_dir=tmp_path / "data")).delete("files/file-1")
    made = CliRunner().invoke(app, ["backup", str(tmp_path / "copy"), "--data-dir", str(tmp_path / "data")])
    assert made.exit_code == 1
    assert "the store itself has lost or changed the bytes under 'files/file-1'" in made.stderr
    assert (tmp_path / "copy" / "rows.db").is_file()
