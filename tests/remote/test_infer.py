import pytest

from burnish.core.errors import Unavailable
from burnish.remote.infer import embedder_of, extra_of, infer_remote
from burnish.settings import Settings


def test_it_is_where_the_settings_say(tmp_path):
    remote = infer_remote(Settings(data_dir=tmp_path, infer_url="http://127.0.0.1:9/"))
    assert remote.base_url == "http://127.0.0.1:9/v1"


def test_without_an_address_it_is_said_what_to_set(tmp_path):
    with pytest.raises(Unavailable, match="set infer_url"):
        infer_remote(Settings(data_dir=tmp_path))


def test_its_requests_say_which_weights_answer():
    extra = extra_of(embedder_of("vectors"))["burnish"]
    assert (extra["base"], extra["kind"]) == ("vectors", "embedder")
