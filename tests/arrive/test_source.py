import json

import pytest

from burnish.arrive.source import FAILURES, Source
from burnish.core.errors import InvalidKey, NotGiven, Unavailable
from tests.arrive.recorded import Answer, Recorded, refusal, serving


@pytest.fixture
def recorded():
    with serving(
        Recorded({"/files": [{"id": f"file-{number}"} for number in range(5)]}, {"file-0": b"ab" * 999})
    ) as it:
        yield it


def all_of(source, path="/files", limit=2):
    return [body["id"] for page in source.pages(path, limit=limit, order="asc") for body in page]


def test_nobody_who_listens_ends_the_import():
    with pytest.raises(Unavailable, match=r"http://127.0.0.1:1/v1 does not answer \(ConnectError\)"):
        Source.at("http://127.0.0.1:1/v1", "any", retries=0).object("/files")


def test_a_key_that_is_refused_ends_the_import(recorded):
    source = Source.at(recorded.url, "another")
    with pytest.raises(InvalidKey, match="refuses the key: Incorrect API key"):
        source.object("/files")
    with pytest.raises(InvalidKey):
        list(source.content("file-0"))


def test_a_limit_is_waited_for_as_the_server_says(recorded):
    limit = refusal(429, "Slow down.", "rate_limit_exceeded", retry_after_ms="1")
    recorded.fault = lambda _path, time: limit if time < 3 else None
    assert recorded.source(retries=2).object("/files", limit=1)["data"] == [{"id": "file-0"}]
    assert len(recorded.asked) == 3


def test_a_limit_that_lasts_ends_the_import(recorded):
    recorded.fault = lambda _path, _time: refusal(429, "Quota.", "insufficient_quota", retry_after="9999")
    with pytest.raises(Unavailable, match=r"no more requests for now: Quota\. Run the same command again"):
        recorded.source(retries=2).object("/files")
    assert len(recorded.asked) == 1  # it asked for more patience than the client has


def test_a_connection_that_breaks_in_the_middle_is_made_again(recorded):
    body = json.dumps({"data": [], "has_more": False}).encode()
    recorded.fault = lambda _path, time: Answer(200, body, sent=9) if time == 1 else None
    assert all_of(recorded.source(retries=1), limit=9) == [f"file-{number}" for number in range(5)]


def test_content_that_breaks_off_is_no_content(recorded):
    recorded.fault = lambda _path, _time: Answer(200, b"abcdef", sent=3)
    with pytest.raises(Unavailable, match="RemoteProtocolError"):
        list(recorded.source().content("file-0"))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"<html>", "/files answered what is no JSON"),
        (b'{"data": [NaN]}', "NaN is no JSON value"),
        (b"[" * 100_000, "/files answered what is no JSON"),
        (b"[]", r"/files answered what is no object: \[\]"),
        (b'{"data": 5}', "/files answered what is no list of objects with ids"),
        (b'{"data": [{"name": "x"}]}', "/files answered what is no list of objects with ids"),
    ],
)
def test_a_bad_body_is_not_given(recorded, body, complaint):
    recorded.fault = lambda _path, _time: Answer(200, body)
    with pytest.raises(NotGiven, match=complaint):
        all_of(recorded.source())


def test_a_server_that_fails_one_object_fails_it_alone(recorded):
    recorded.fault = lambda path, _time: refusal(500, "Oops.", None) if path == "/files/file-1" else None
    source = recorded.source()
    for _ in range(2 * FAILURES):
        with pytest.raises(NotGiven, match=r"/files/file-1 answered 500: Oops\."):
            source.object("/files/file-1")
        assert source.object("/files/file-0") == {"id": "file-0"}


def test_a_server_that_fails_all_is_given_up(recorded):
    recorded.fault = lambda _path, _time: refusal(503, "Down.", None)
    source = recorded.source()
    for _ in range(FAILURES - 1):
        with pytest.raises(NotGiven):
            source.object("/files")
    with pytest.raises(Unavailable, match="failed 10 times in a row"):
        source.object("/files")


def test_refusals_are_no_failures(recorded):
    source = recorded.source()
    for _ in range(2 * FAILURES):
        with pytest.raises(NotGiven, match="404: No such thing: /files/file-9"):
            source.object("/files/file-9")


def test_a_list_comes_page_by_page(recorded):
    assert all_of(recorded.source()) == [f"file-{number}" for number in range(5)]
    assert recorded.asked == [
        "/v1/files?limit=2&order=asc",
        "/v1/files?limit=2&order=asc&after=file-1",
        "/v1/files?limit=2&order=asc&after=file-3",
    ]


def test_a_server_that_does_not_page_is_not_asked_for_ever(recorded):
    page = json.dumps({"data": [{"id": "file-0"}], "has_more": True}).encode()
    recorded.fault = lambda _path, _time: Answer(200, page)
    with pytest.raises(NotGiven, match="gives the page again that 'file-0' ended"):
        all_of(recorded.source())


def test_content_comes_as_it_is(recorded):
    assert b"".join(recorded.source().content("file-0")) == b"ab" * 999
