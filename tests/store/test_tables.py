from burnish.core.records import NewEvent
from burnish.store.store import Store
from tests.rows import job


def test_text_that_no_database_can_hold_is_marked(store: Store):
    store.jobs.insert(job("ftjob-a", metadata={"odd": "a\0b"}), NewEvent("half \ud83d, none \0, whole 😀"))
    assert [event.message for event in store.events.all("ftjob-a")] == ["half \ufffd, none \ufffd, whole 😀"]
    assert [each.id for each in store.jobs.page(metadata={"odd": "a\0b"}).items] == ["ftjob-a"]
    assert store.jobs.require("ftjob-a").metadata == {"odd": "a\0b"}
