from importlib.metadata import version

from tests.door import Door


def test_health_tells_the_version(door: Door):
    assert door.http.get("/v1/burnish/health").json() == {"status": "ok", "version": version("burnish")}
