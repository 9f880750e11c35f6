import pytest

from burnish.cli.connection import PAGE, client, listed
from burnish.core.errors import Unavailable
from burnish.core.ports import free_port
from tests.arrive.recorded import KEY, Recorded, serving


def test_no_server_is_told_with_what_to_do():
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}/v1"
    with pytest.raises(Unavailable, match="burnish serve"), client(url, "none") as api:
        api.with_options(max_retries=0).models.list()


def test_the_settings_name_the_address(monkeypatch):
    monkeypatch.setenv("BURNISH_PORT", "9911")
    with client(None, "none") as api:
        assert str(api.base_url) == "http://127.0.0.1:9911/v1/"


def test_a_list_is_read_to_its_end():
    with serving(Recorded({"/evals": [{"id": f"eval_{n}"} for n in range(PAGE + 1)]}, {})) as server:
        with client(server.url, KEY) as api:
            assert [each["id"] for each in listed(api, "/evals", order="asc")] == [f"eval_{n}" for n in range(PAGE + 1)]
        assert len(server.asked) == 2
