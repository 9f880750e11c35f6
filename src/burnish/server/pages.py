"""OpenAI's list envelope."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Query

from burnish.store.pages import Page

Json = Any
T = TypeVar("T")

After = Annotated[str | None, Query(description="The id of the last element of the page before.")]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Most elements of a page.")]


def listed(page: Page[T], wire: Callable[[T], dict[str, Json]]) -> dict[str, Json]:
    """A page without the ids of its ends, as jobs and events have it."""
    return {"object": "list", "data": [wire(item) for item in page.items], "has_more": page.has_more}


def listed_with_ends(page: Page[T], wire: Callable[[T], dict[str, Json]]) -> dict[str, Json]:
    """A page with the ids of its ends, as files and checkpoints have it."""
    body = listed(page, wire)
    ids = [item["id"] for item in body["data"]]
    return body | {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
