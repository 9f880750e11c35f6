"""A list that keeps itself up to date, narrowed by a search and a choice: of jobs, of evals."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nicegui import ui
from openai import APIError, AsyncOpenAI

from burnish.dashboard.client import EVERY_S, get
from burnish.dashboard.pieces import TYPED, Tag, button, empty, heads, options, tag

Json = Any
PAGE = 25


class Line(Protocol):
    """One entry's line in the table; it is made where it stands."""

    def show(self, summary: Json) -> None:
        """The figures as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed, and what it is called."""

    path: str
    """The route that lists it; it takes `search`, `limit` and the choice."""
    noun: str
    """One of them, in the singular: 'job'."""
    hint: str
    """What the search looks at."""
    choice: str
    """The parameter that narrows the list."""
    choice_label: str
    choices: Sequence[tuple[str, str]]
    """Its values and their words; the first one, "", is no choice."""
    columns: Sequence[str]
    line: Callable[[AsyncOpenAI, Json], Line]
    nothing: str
    """What to read where there are none at all."""


@dataclass(slots=True, repr=False, eq=False)
class LiveList:
    """Lines that are changed in place, so that nobody loses their place."""

    client: AsyncOpenAI
    listing: Listing
    chosen: str
    search: str
    shown: int = PAGE
    lines: dict[str, Line] = field(default_factory=dict)
    body: Tag = field(init=False)
    more: Tag = field(init=False)

    async def read(self) -> Json:
        """What there is to show."""
        narrowed = {self.listing.choice: self.chosen, "search": self.search}
        return await get(self.client, self.listing.path, **narrowed, limit=self.shown)

    def open(self, found: Json) -> None:
        """Draw what was read, and keep it up to date."""
        listing = self.listing
        with tag("div", "row head"):
            words = {"placeholder": f"{listing.hint}   /", "value": self.search, "data_search": "yes"}
            searched = tag("input", "field grow", type="search", aria_label=f"Search {listing.noun}s", **words)
            searched.on("input", self._searched, js_handler=TYPED, throttle=0.3, leading_events=False)
            chosen = tag("select", "field", aria_label=listing.choice_label)
            with chosen:
                options(listing.choices, self.chosen)
            chosen.on("change", self._narrowed, js_handler=TYPED)
        self.body = tag("div", "card flush scroll")
        self.more = button("Show more", self._show_more)
        self._draw(found)
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Ask again, and change what has changed."""
        try:
            self._draw(await self.read())
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _searched(self, event: Any) -> None:
        self.search = str(event.args)
        await self.refresh()

    async def _narrowed(self, event: Any) -> None:
        self.chosen = str(event.args)
        await self.refresh()

    async def _show_more(self) -> None:
        self.shown += PAGE
        await self.refresh()

    def _draw(self, found: Json) -> None:
        self.more.set_visibility(found["has_more"])
        summaries = {each["id"]: each for each in found["data"]}
        if not summaries or list(summaries) != list(self.lines):
            self._rebuild(summaries.values())
        for name, summary in summaries.items():
            self.lines[name].show(summary)

    def _rebuild(self, summaries: Collection[Json]) -> None:
        self.body.clear()
        self.lines = {}
        with self.body:
            if summaries:
                with tag("table", "table jobs"):
                    heads(*self.listing.columns)
                    with tag("tbody"):
                        self.lines = {each["id"]: self.listing.line(self.client, each) for each in summaries}
            elif self.chosen or self.search:
                empty(f"No {self.listing.noun} matches", "Change the search or the choice above.")
            else:
                empty(f"No {self.listing.noun}s yet", self.listing.nothing, ("Create a job", "/create"))
