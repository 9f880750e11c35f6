"""A new job, by clicking: model, files, grader, response format, hyperparameters."""

import json
from dataclasses import dataclass, field
from typing import Any

from nicegui import app, ui
from openai import APIStatusError, AsyncOpenAI
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from burnish.dashboard import recipe, words
from burnish.dashboard.client import Api, complaint, get, post
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.answers import verdict
from burnish.dashboard.pages.create_grader import GraderForm
from burnish.dashboard.pages.create_plan import Outlook
from burnish.dashboard.pieces import TYPED, Tag, button, named, options, tag

Json = Any
_UPLOAD = """async (event) => {
  const form = new FormData();
  form.append("file", event.target.files[0]);
  emit(await (await fetch("/upload", { method: "POST", body: form })).json());
}"""
_EFFORTS = ("none", "minimal", "low", "medium", "high")
_GRADER = """{
  "type": "string_check",
  "name": "exact",
  "operation": "eq",
  "input": "{{sample.output_text}}",
  "reference": "{{item.answer}}"
}"""


def register(api: Api) -> None:
    """The page, and where it sends files to."""

    @ui.page("/create", title="New job · Burnish", response_timeout=30)
    async def create() -> Response | None:
        async def draw(client: AsyncOpenAI) -> None:
            settings = await get(client, "/burnish/settings")
            files = (await get(client, "/files", purpose="fine-tune", limit=200))["data"]
            models = [*settings["models"]["local"], *settings["models"]["aliases"]]
            _Form(
                client,
                models,
                [*models, *settings["models"]["remote"]],
                {each["id"]: each["filename"] for each in files},
            ).open()

        return await shown(api, "create", "/create", draw)

    @app.post("/upload")
    async def upload(request: Request) -> JSONResponse:
        form = await request.form()
        file = form.get("file")
        if not isinstance(file, UploadFile):
            return JSONResponse({"error": "There is no file in this form."}, 400)
        client = api.of(request.session.get("key"))
        try:
            made = await client.files.create(file=(file.filename or "rows.jsonl", file.file), purpose="fine-tune")
        except APIStatusError as error:
            return JSONResponse({"error": complaint(error)})
        return JSONResponse({"id": made.id, "filename": made.filename})


def _complain(found: Json) -> None:
    """Every broken row that the server tells, or what is wrong with the file as a whole."""
    if not found["errors"]:
        tag("div", "note bad", found["error"])
        return
    broken = words.plural(found["broken_rows"], "row")
    with tag("div", "note bad stack"):
        tag("span", "strong", f"{broken} would fail the job. Mend the file and upload it again.")
        with tag("div", "broken"):
            for each in found["errors"]:
                tag("span", "num", f"Line {each['line']:,}")
                tag("span", "", each["message"])
        if found["broken_rows"] > len(found["errors"]):
            tag("span", "small", f"The first {len(found['errors'])} are shown.")


@dataclass(slots=True, repr=False, eq=False)
class _Form:
    """What has been filled in so far."""

    client: AsyncOpenAI
    models: list[str]
    judges: list[str]
    """Models that may grade."""
    files: dict[str, str]
    draft: recipe.Draft = field(default_factory=lambda: recipe.Draft(grader=_GRADER))
    item: str = "{}"
    sample: str = ""
    checks: dict[str, Tag] = field(default_factory=dict)
    choices: dict[str, Tag] = field(default_factory=dict)
    outlook: Outlook = field(init=False)
    verdict: Tag = field(init=False)
    wrong: Tag = field(init=False)
    code: Tag = field(init=False)

    def open(self) -> None:
        """Draw it."""
        self.draft.model = self.models[0]
        tag("h1", "head", "New fine-tuning job")
        with tag("div", "stack"):
            with tag("section", "card stack"):
                tag("h2", "", "1  Model")
                with tag("div", "grid"):
                    with named("Base model"):
                        with tag("select", "field") as select:
                            options([(name, name) for name in self.models], self.draft.model)
                        self._bind(select, "model", "change")
                        select.on("change", self.outlook_later)
                    self._line("Suffix of its name", "suffix", "my-experiment")
            with tag("section", "card stack"):
                tag("h2", "", "2  Files")
                with tag("div", "grid wide"):
                    self._file("Training file", "training_file")
                    self._file("Validation file", "validation_file")
            with tag("section", "card stack"):
                tag("h2", "", "3  Grader")
                self._grader()
            with tag("section", "card stack"):
                tag("h2", "", "4  Response format and hyperparameters")
                self._area("JSON schema of the answers (optional)", "schema", '{"type": "object", …}')
                with tag("div", "grid"):
                    lines = {name: self._hyperparameter(name) for name in recipe.HYPERPARAMETERS}
                self.outlook = Outlook(self.client, self.draft, lines)
                self.outlook.open()
            self.wrong = tag("div", "note bad")
            self.wrong.set_visibility(False)
            with tag("div", "row"):
                button("Start job", self._start, "main-action")
                button("Show as Python", lambda: self._show(recipe.python))
                button("Show as curl", lambda: self._show(recipe.curl))
            self.code = tag("pre", "pre")
            self.code.set_visibility(False)

    def _file(self, title: str, key: str) -> None:
        with tag("div", "stack"):
            with named(title), tag("select", "field") as select:
                options([("", "Choose a file"), *self.files.items()], "")
            select.on("change", lambda event: self._chosen(key, str(event.args)), js_handler=TYPED)
            self.choices[key] = select
            picker = tag("input", "small", type="file", accept=".jsonl", aria_label=f"Upload a {title.lower()}")
            picker.on("change", lambda event: self._uploaded(key, event.args), js_handler=_UPLOAD)
            self.checks[key] = tag("div", "stack")

    async def _uploaded(self, key: str, made: Json) -> None:
        if "id" not in made:
            ui.notify(str(made.get("error")), color="negative")
            return
        self.files[made["id"]] = made["filename"]
        with self.choices[key]:
            tag("option", "", made["filename"], value=made["id"], selected=True)
        await self._chosen(key, made["id"])

    async def _chosen(self, key: str, file_id: str) -> None:
        setattr(self.draft, key, file_id)
        self.checks[key].clear()
        await self.outlook.refresh()
        if not file_id:
            return
        found = await get(self.client, f"/burnish/files/{file_id}/check", role=key)
        if key == "training_file" and found["preview"]:
            self.item = json.dumps(found["preview"][0], ensure_ascii=False)
            await ui.run_javascript(f"document.getElementById('item').value = {json.dumps(self.item)}")
        with self.checks[key]:
            for warning in found["warnings"]:
                tag("div", "note", warning)
            if found["error"]:
                _complain(found)
            else:
                tag("div", "note good", f"{found['rows']:,} rows, all of them readable.")
            with tag("details"):
                tag("summary", "", "First rows")
                tag("pre", "pre", "\n".join(json.dumps(row, ensure_ascii=False) for row in found["preview"]))

    def _grader(self) -> None:
        with tag("div", "grid wide"):
            with tag("div", "stack"):
                GraderForm(self.draft, self.judges).open()
            with tag("div", "stack"):
                with named("Try it on a row (JSON)"):
                    row = tag("textarea", "field code", rows=3, id="item")
                row.on("input", lambda event: setattr(self, "item", str(event.args)), js_handler=TYPED)
                with named("and an answer"):
                    answer = tag("textarea", "field", rows=3)
                answer.on("input", lambda event: setattr(self, "sample", str(event.args)), js_handler=TYPED)
                with tag("div", "row"):
                    button("Grade", self._grade)
                    self.verdict = tag("span", "small num")

    async def _grade(self) -> None:
        try:
            item = recipe.parsed(self.item or "{}", "The row")
            body = {"grader": recipe.parsed(self.draft.grader, "The grader"), "item": item, "model_sample": self.sample}
            self.verdict.set_text(verdict(await post(self.client, "/fine_tuning/alpha/graders/run", body)))
        except APIStatusError as error:
            self.verdict.set_text(complaint(error))
        except ValueError as error:
            self.verdict.set_text(str(error))

    async def _start(self) -> None:
        try:
            job = await post(self.client, "/fine_tuning/jobs", recipe.body(self.draft))
        except APIStatusError as error:
            self._refuse(complaint(error))
        except ValueError as error:
            self._refuse(str(error))
        else:
            ui.navigate.to(f"/jobs/{job['id']}")

    def _refuse(self, why: str) -> None:
        self.wrong.set_text(why)
        self.wrong.set_visibility(True)

    def _show(self, write: Any) -> None:
        try:
            text = write(recipe.body(self.draft), str(self.client.base_url).rstrip("/"))
        except ValueError as error:
            self._refuse(str(error))
            return
        self.wrong.set_visibility(False)
        self.code.set_visibility(True)
        self.code.set_text(text)

    def _hyperparameter(self, name: str) -> Tag:
        with named(name):
            if name == "reasoning_effort":
                line = tag("select", "field")
                with line:
                    options([("", "default"), *((each, each) for each in _EFFORTS)], "")
            else:
                line = tag("input", "field", placeholder="auto", inputmode="decimal")
        is_chosen = name == "reasoning_effort"
        self._bind(line, name, "change" if is_chosen else "input")
        line.on("change" if is_chosen else "input", self.outlook_later, throttle=0.4, leading_events=False)
        return line

    async def outlook_later(self) -> None:
        """What the choices come to now."""
        await self.outlook.refresh()

    def _line(self, title: str, key: str, hint: str) -> None:
        with named(title):
            line = tag("input", "field", placeholder=hint)
        self._bind(line, key)

    def _area(self, title: str, key: str, hint: str, rows: int = 4) -> None:
        with named(title):
            area = tag("textarea", "field code", getattr(self.draft, key), placeholder=hint, rows=rows)
        self._bind(area, key)

    def _bind(self, element: Tag, key: str, event: str = "input") -> None:
        element.on(event, lambda event: self.draft.set(key, str(event.args)), js_handler=TYPED)
