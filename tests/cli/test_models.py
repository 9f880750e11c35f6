import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]


def test_base_models_and_aliases_are_listed(burnish):
    listed = burnish("models", "list").stdout
    assert "burnish-starter" in listed
    assert "tiny" in listed
    assert "o4-mini-2025-04-16" in listed


def test_a_base_model_cannot_be_deleted(burnish):
    assert burnish("models", "delete", "tiny").exit_code != 0
