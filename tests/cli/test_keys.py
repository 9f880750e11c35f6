from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.settings import Settings
from burnish.store.store import open_store


def test_a_key_is_shown_once_listed_and_revoked(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))
    run = CliRunner()
    secret = run.invoke(app, ["keys", "create", "ci"]).stdout.strip()
    admins = run.invoke(app, ["keys", "create", "boss", "--project", "research", "--admin"]).stdout.strip()
    listed = run.invoke(app, ["keys", "list"]).stdout
    assert secret not in listed
    lines = [line.split() for line in listed.splitlines()]
    assert ["ci", secret[:11] + "…", "default", "no"] in [line[1:5] for line in lines]
    assert ["boss", admins[:11] + "…", "research", "yes"] in [line[1:5] for line in lines]
    keys = open_store(Settings()).keys
    found = keys.find(secret)
    assert found is not None
    assert run.invoke(app, ["keys", "revoke", found.id]).exit_code == 0
    assert keys.find(secret) is None


def test_no_keys_says_what_that_means(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))
    assert "accepts any" in CliRunner().invoke(app, ["keys", "list"]).stdout


def test_a_name_that_is_no_projects_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(app, ["keys", "create", "--project", "a b"])
    assert result.exit_code != 0
    assert "cannot be a project's name" in str(result.exception)
