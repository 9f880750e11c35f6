import pytest

from burnish.sandbox.choice import Choice, Refusal, choose, examine, find
from burnish.settings import Grading
from tests.sandbox.cells import any_backend


def test_the_first_that_holds_is_taken():
    any_backend()
    choice = choose(Grading())
    assert choice.refusal is None
    assert choice.backend is not None and choice.backend.name in ("bubblewrap", "sandlock")


def test_a_choice_by_name_is_examined_all_the_same():
    name = any_backend().name
    choice = choose(Grading(sandbox=name))
    assert choice.backend is not None and choice.backend.name == name


def test_off_refuses_and_says_that_the_settings_do():
    choice = choose(Grading(sandbox="off"))
    assert choice.backend is None
    assert "grading.sandbox says so" in str(choice.refusal)


def test_without_a_sandbox_only_who_asks_for_it_gets_none():
    choice = choose(Grading(sandbox="unsafe-none"))
    assert choice.backend is not None and choice.backend.name == "unsafe-none"


def test_what_is_not_installed_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("bubblewrap") == Refusal("bubblewrap", "bwrap is not installed (Debian: `apt install bubblewrap`)")
    assert isinstance(examine("bubblewrap"), Refusal)
    choice = choose(Grading(sandbox="bubblewrap"))
    assert choice.refusal == (
        "Python graders cannot run here, because no sandbox keeps them in. bubblewrap: bwrap is not installed "
        "(Debian: `apt install bubblewrap`). See docs/sandbox.md."
    )


def test_other_systems_have_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert find("sandlock") == Refusal("sandlock", "there is none for darwin")


def test_a_backend_is_no_refusal():
    assert Choice(any_backend(), (Refusal("a", "b"),)).refusal is None
