"""A run's items in the browser: the list, the route that it reads from, and the way from one item to the next."""

from typing import Any

from nicegui import app, ui
from openai import APIStatusError
from starlette.requests import Request
from starlette.responses import JSONResponse

from burnish.dashboard import outcomes
from burnish.dashboard.client import Api, complaint, get

Json = Any
FIRST, MORE = 200, 1000
"""Items that are read at a time: few, so that something is there at once, then many."""


class Items(ui.element, component="items.js"):
    """All items of a run, of which those in sight are in the page."""

    def __init__(self, eval_id: str, run_id: str, criteria: list[str]) -> None:
        super().__init__()
        self.props["base"] = f"/evals/{eval_id}/runs/{run_id}"
        self.props["source"] = f"/evals/{eval_id}/runs/{run_id}/lines"
        self.props["criteria"] = criteria

    def follow(self, counts: Json, *, is_under_way: bool) -> None:
        """How many items there are, and whether more will come; once none will, the last ones are read."""
        told = {"pass": counts["passed"], "fail": counts["failed"], "error": counts["errored"]}
        if (self.props.get("is_under_way"), self.props.get("known")) != (is_under_way, told):
            self.props["is_under_way"], self.props["known"] = is_under_way, told
            self.update()


class Neighbours(ui.element, component="neighbours.js"):
    """Links to the items before and after one, which the arrow keys follow too."""

    def __init__(self, base: str, item: str, before: str, after: str) -> None:
        super().__init__()
        for name, value in (("base", base), ("item", item), ("before", before), ("after", after)):
            self.props[name] = value


def register(api: Api) -> None:
    """Where the list reads from."""

    @app.get("/evals/{eval_id}/runs/{run_id}/lines")
    async def lines(eval_id: str, run_id: str, request: Request, after: str = "") -> JSONResponse:
        client = api.of(request.session.get("key"))
        path = f"/evals/{eval_id}/runs/{run_id}/output_items"
        try:
            found = await get(client, path, after=after, limit=MORE if after else FIRST)
        except APIStatusError as error:
            return JSONResponse({"error": complaint(error)}, error.status_code)
        rows = [outcomes.line(item) for item in found["data"]]
        return JSONResponse({"rows": rows, "has_more": found["has_more"]})
