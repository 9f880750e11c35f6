import pytest

from burnish.core.errors import InvalidRequest
from burnish.store.store import Store
from tests.rows import file


def test_pages_follow_each_other_without_gap_or_overlap(store: Store):
    for number in range(5):
        store.files.insert(file(f"file-{number}"))
    seen, after, more = [], None, True
    while more:
        page = store.files.page(after=after, limit=2)
        seen.append([each.id for each in page.items])
        after, more = page.items[-1].id, page.has_more
    assert seen == [["file-4", "file-3"], ["file-2", "file-1"], ["file-0"]]


def test_a_full_last_page_knows_that_it_is_the_last(store: Store):
    store.files.insert(file("file-0"))
    store.files.insert(file("file-1"))
    assert store.files.page(limit=2).has_more is False
    assert store.files.page(limit=1).has_more is True


def test_a_page_after_an_unknown_id_is_refused(store: Store):
    with pytest.raises(InvalidRequest) as refused:
        store.files.page(after="file-nowhere")
    assert refused.value.param == "after"
