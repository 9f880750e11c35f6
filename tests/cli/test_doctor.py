import tomllib
from importlib import metadata

import pytest
from typer.testing import CliRunner

from burnish.cli.doctor import EXTRAS, extras, findings, sandboxes
from burnish.cli.main import app
from burnish.settings import Grading, Settings
from tests.house.tree import ROOT
from tests.sandbox.cells import any_backend


def test_it_tells_what_is_there_and_which_sandbox_is_used(tmp_path):
    any_backend()
    done = CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path)])
    assert done.exit_code == 0
    for words in (
        "Python",
        "torch",
        str(tmp_path),
        "settings file",
        "sandbox bubblewrap",
        "sandbox sandlock",
        "run in",
    ):
        assert words in done.stdout
    assert "burnish graders install 2025-05-08" in done.stdout


def test_without_any_sandbox_something_is_broken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BURNISH_GRADING__SANDBOX", "bubblewrap")
    done = CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "bwrap is not installed" in done.stdout
    assert "refused: nothing keeps them in" in done.stdout


@pytest.mark.parametrize(("chosen", "words"), [("off", "refused"), ("unsafe-none", "WITHOUT any sandbox")])
def test_what_the_operator_chose_is_a_warning(tmp_path, chosen, words):
    *_, last = sandboxes(Settings(data_dir=tmp_path, grading=Grading(sandbox=chosen)))
    assert last.verdict == "warning"
    assert words in last.detail


def test_a_data_directory_that_cannot_be_made_is_broken(tmp_path):
    (tmp_path / "file").write_text("")
    found = {each.what: each for each in findings(Settings(data_dir=tmp_path / "file"))}
    assert found["data directory"].verdict == "broken"


def test_every_extra_for_users_is_looked_for():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert sorted(EXTRAS) == sorted(told.keys() - {"dev", "bench"})
    assert all(told[extra][0].startswith(package) for extra, (package, _) in EXTRAS.items())


def test_an_extra_that_is_lacking_is_a_warning_that_says_what_for(monkeypatch):
    known = metadata.version

    def version(name: str) -> str:
        if name == "psycopg":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "version", version)
    first, *others = extras()
    assert (first.verdict, first.what) == ("warning", "extra postgres")
    assert first.detail == "not installed; rows in PostgreSQL need it: pip install 'burnish[postgres]'"
    assert [each.verdict for each in others] == ["ok", "ok", "ok"]
