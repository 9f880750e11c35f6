from burnish.server.pages import listed, listed_with_ends
from burnish.store.pages import Page


def test_a_page_is_wrapped_in_the_list_envelope():
    page = Page(["a", "b"], True)
    assert listed(page, lambda name: {"id": name}) == {
        "object": "list",
        "data": [{"id": "a"}, {"id": "b"}],
        "has_more": True,
    }


def test_an_empty_page_has_no_ends():
    assert listed_with_ends(Page([], False), lambda name: {"id": name}) == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
    assert listed_with_ends(Page(["a", "b"], False), lambda name: {"id": name})["last_id"] == "b"
