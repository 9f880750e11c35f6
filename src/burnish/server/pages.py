"""OpenAI's list envelope."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query, Request

from burnish.core.errors import InvalidRequest
from burnish.store.pages import Page

Json = Any
T = TypeVar("T")

After = Annotated[str | None, Query(description="The id of the last element of the page before.")]
Order = Annotated[Literal["asc", "desc"], Query(description="By creation; `desc`: newest first.")]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Most elements of a page.")]


def listed(page: Page[T], wire: Callable[[T], dict[str, Json]]) -> dict[str, Json]:
    """A page without the ids of its ends, as jobs and events have it."""
    return {"object": "list", "data": [wire(item) for item in page.items], "has_more": page.has_more}


def listed_with_ends(page: Page[T], wire: Callable[[T], dict[str, Json]]) -> dict[str, Json]:
    """A page with the ids of its ends, as files and checkpoints have it."""
    body = listed(page, wire)
    ids = [item["id"] for item in body["data"]]
    return body | {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}


def metadata_filter(request: Request) -> dict[str, str]:
    """The pairs of `metadata[key]=value`."""
    prefix, suffix = "metadata[", "]"
    return {
        name[len(prefix) : -len(suffix)]: value
        for name, value in request.query_params.items()
        if name.startswith(prefix) and name.endswith(suffix)
    }


def members(request: Request, name: str) -> list[str]:
    """What a list in a query holds as the official client writes one: `name[]=a&name[]=b`."""
    return request.query_params.getlist(f"{name}[]")


def sliced(items: list[dict[str, Json]], after: str | None, limit: int, order: str) -> Page[dict[str, Json]]:
    """A page of objects with ids that stand in their order."""
    if order == "desc":
        items = [*reversed(items)]
    ids = [item["id"] for item in items]
    if after is not None:
        if after not in ids:
            raise InvalidRequest(f"Nothing in this list has the id '{after}'.", param="after", code="invalid_value")
        items = items[ids.index(after) + 1 :]
    return Page(items[:limit], len(items) > limit)
