from pathlib import Path

import pytest

from tests.door import Door, error_of, opened

PATH = "/v1/burnish/feedback"
BODY = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "answer": "hi", "rating": "up"}


@pytest.fixture
def door(tmp_path: Path):
    with opened(tmp_path) as door:
        yield door


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"rating": "meh"}, "rating"),
        ({"messages": []}, "messages"),
        ({"stars": 5}, "stars"),
        ({"correction": ""}, "correction"),
    ],
)
def test_what_is_wrong_is_named(door: Door, change: dict[str, object], param: str):
    status, named, _ = error_of(door.http.post(PATH, json=BODY | change))
    assert (status, named) == (400, param)


def test_feedback_that_says_nothing_is_refused(door: Door):
    refused = door.http.post(PATH, json=BODY | {"rating": None})
    assert refused.status_code == 400
    assert "a rating, a correction or a note" in refused.json()["error"]["message"]


def test_it_is_kept_listed_and_forgotten(door: Door):
    made = door.http.post(PATH, json=BODY | {"note": "<b>good</b>"}).json()
    assert made == {
        "object": "burnish.feedback",
        "id": made["id"],
        "created_at": made["created_at"],
        **BODY,
        "correction": None,
        "note": "<b>good</b>",
    }
    assert door.http.get(PATH).json()["data"] == [made]
    assert door.http.get(f"{PATH}/{made['id']}").json() == made
    assert door.http.get(f"{PATH}?model=other").json()["data"] == []
    assert door.http.delete(f"{PATH}/{made['id']}").json()["deleted"] is True
    assert error_of(door.http.get(f"{PATH}/{made['id']}")) == (404, "id", "feedback_not_found")
