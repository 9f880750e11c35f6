"""One prompt, several models, side by side, as they answer."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard.client import Api, answering
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.answers import Answer
from burnish.dashboard.pieces import TYPED, Tag, button, named, options, tag
from burnish.dashboard.recipe import parsed

Json = Any
MOST = 4
"""Models side by side."""
_EFFORTS = ("", "none", "minimal", "low", "medium", "high")


def register(api: Api) -> None:
    """The page."""

    @ui.page("/playground", title="Playground · Burnish", response_timeout=30)
    async def playground(models: str = "", prompt: str = "") -> Response | None:
        async def draw(client: AsyncOpenAI) -> None:
            names = await answering(client)
            _Playground(client, names, [name for name in models.split(",") if name in names][:MOST], prompt).open()

        return await shown(api, "playground", "/playground", draw)


@dataclass(slots=True, repr=False, eq=False)
class _Playground:
    """What is asked, and who."""

    client: AsyncOpenAI
    names: list[str]
    chosen: list[str]
    prompt: str = ""
    system: str = ""
    schema: str = ""
    grader: str = ""
    tools: str = ""
    tool_choice: str = ""
    effort: str = ""
    temperature: str = ""
    answers: "list[Answer]" = field(default_factory=list)
    body: Tag = field(init=False)
    wrong_tools: Tag = field(init=False)

    def open(self) -> None:
        """Draw it."""
        if not self.chosen:
            self.chosen = [self.names[0], *self.names[1:][-1:]]
        with tag("div", "spread head"), tag("div", "tight"):
            tag("h1", "", "Playground")
            tag("span", "soft", "One prompt, up to four models side by side.")
        with tag("section", "card stack head"):
            self._area("Prompt", "prompt", "Ask something", rows=3)
            with tag("div", "row"):
                self._select("Effort", "effort", [(each, each or "default effort") for each in _EFFORTS])
                self._line("Temperature", "temperature", "temperature: default")
                button("Ask", self.ask, "main-action", data_ask="yes")
            with tag("details"):
                tag("summary", "", "System prompt, response schema, grader, tools")
                with tag("div", "grid"):
                    self._area("System prompt", "system", "You are …")
                    self._area(
                        "Response schema (JSON)", "schema", '{"type": "object", "properties": {…}}', is_code=True
                    )
                    self._area("Grader (JSON)", "grader", '{"type": "string_check", …}', is_code=True)
                    self._tools()
        self.body = tag("div", "answers")
        self._columns()

    def _tools(self) -> None:
        with tag("div", "stack"):
            self._area("Tools (JSON)", "tools", '[{"type": "function", "function": {…}}]', is_code=True)
            self._select("Tool choice", "tool_choice", [("", "the model chooses"), ("required", "a call is required")])
            self.wrong_tools = tag("span", "small", "", role="alert")

    async def ask(self) -> None:
        """Ask all of them at once."""
        self.wrong_tools.set_text("")
        try:
            tools = _offered(self.tools)
        except ValueError as error:
            self.wrong_tools.set_text(str(error))
            return
        try:
            request = self._request()
        except ValueError as error:
            ui.notify(str(error), color="negative")
            return
        if tools:
            request |= {"tools": tools} | ({"tool_choice": self.tool_choice} if self.tool_choice else {})
        await asyncio.gather(*(answer.ask(request, self.grader) for answer in self.answers))

    def _request(self) -> dict[str, Json]:
        if not self.prompt.strip():
            raise ValueError("Write a prompt first.")
        said = [{"role": "developer", "content": self.system}] if self.system.strip() else []
        request: dict[str, Json] = {"messages": [*said, {"role": "user", "content": self.prompt}]}
        if self.effort:
            request["reasoning_effort"] = self.effort
        if self.temperature.strip():
            request["temperature"] = float(self.temperature)
        if self.schema.strip():
            shape = {"name": "answer", "strict": True, "schema": parsed(self.schema, "The response schema")}
            request["response_format"] = {"type": "json_schema", "json_schema": shape}
        return request

    def _columns(self) -> None:
        self.body.clear()
        self.answers = []
        with self.body:
            for place, name in enumerate(self.chosen):
                with tag("section", "card stack"):
                    with tag("select", "field", aria_label="Model") as select:
                        options([(each, each) for each in self.names], name)
                    select.on(
                        "change", lambda event, place=place: self._choose(place, str(event.args)), js_handler=TYPED
                    )
                    self.answers.append(Answer(self.client, name))
        if len(self.chosen) < MOST:
            with self.body:
                button("Add a model", self._add, "bare")

    def _choose(self, place: int, name: str) -> None:
        self.chosen[place] = name
        self.answers[place].model = name

    def _add(self) -> None:
        self.chosen.append(self.names[0])
        self._columns()

    def _area(self, title: str, key: str, hint: str, *, is_code: bool = False, rows: int = 4) -> None:
        with named(title):
            area = tag(
                "textarea", f"field {'code' if is_code else ''}", getattr(self, key), placeholder=hint, rows=rows
            )
        area.on("input", lambda event: setattr(self, key, str(event.args)), js_handler=TYPED)

    def _line(self, title: str, key: str, hint: str) -> None:
        line = tag("input", "field", placeholder=hint, aria_label=title, inputmode="decimal")
        line.on("input", lambda event: setattr(self, key, str(event.args)), js_handler=TYPED)

    def _select(self, title: str, key: str, choices: list[tuple[str, str]]) -> None:
        with tag("select", "field", aria_label=title) as select:
            options(choices, "")
        select.on("change", lambda event: setattr(self, key, str(event.args)), js_handler=TYPED)


def _offered(text: str) -> list[Json]:
    """The tools that somebody typed. Raises `ValueError`."""
    tools = parsed(text, "The list of tools") if text.strip() else []
    if not isinstance(tools, list) or not all(isinstance(each, dict) for each in tools):
        raise ValueError('The tools are a list of objects: [{"type": "function", "function": {"name": …}}].')
    return tools
