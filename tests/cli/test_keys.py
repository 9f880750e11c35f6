from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.settings import Settings
from burnish.store.store import open_store


def test_a_key_is_shown_once_listed_and_revoked(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))
    run = CliRunner()
    secret = run.invoke(app, ["keys", "create", "ci"]).stdout.strip()
    listed = run.invoke(app, ["keys", "list"]).stdout
    assert "ci" in listed
    assert secret not in listed
    keys = open_store(Settings()).keys
    found = keys.find(secret)
    assert found is not None
    assert run.invoke(app, ["keys", "revoke", found.id]).exit_code == 0
    assert keys.find(secret) is None


def test_no_keys_says_what_that_means(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))
    assert "accepts any" in CliRunner().invoke(app, ["keys", "list"]).stdout
