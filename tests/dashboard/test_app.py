import pytest

from burnish.dashboard.app import url_of
from burnish.settings import Settings


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8787/v1"),
        ("0.0.0.0", "http://127.0.0.1:8787/v1"),
        ("::1", "http://[::1]:8787/v1"),
        ("host.example", "http://host.example:8787/v1"),
    ],
)
def test_the_dashboard_reaches_the_api_wherever_it_listens(host: str, url: str):
    assert url_of(Settings(host=host)) == url
