"""A grader by form: its kind, its fields, and the JSON that they come to, which may be edited as well."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui

from burnish.dashboard import grader_form, recipe
from burnish.dashboard.grader_form import FIELDS, KINDS, Values
from burnish.dashboard.pieces import TYPED, Tag, button, named, options, tag

Json = Any
_JSON = "grader-json"
_MORE = "This grader has more than the form shows. The JSON below is what counts; choosing a kind begins anew."


@dataclass(slots=True)
class _Part:
    """One grader of a form: the only one, or one of a multi grader's."""

    key: str
    kind: str
    values: Values


@dataclass(slots=True, repr=False, eq=False)
class GraderForm:
    """The form over the JSON of a draft."""

    draft: recipe.Draft
    models: list[str]
    kind: str = "string_check"
    formula: str = "(exact + similar) / 2"
    name: str = "grader"
    parts: list[_Part] = field(default_factory=list)
    select: Tag = field(init=False)
    body: Tag = field(init=False)

    def open(self) -> None:
        """Draw it, as the draft has it."""
        with named("Kind"):
            self.select = tag("select", "field", aria_label="Kind of grader")
        self.select.on("change", lambda event: self._begin(str(event.args)), js_handler=TYPED)
        self.body = tag("div", "stack")
        with tag("details"):
            tag("summary", "", "The same as JSON")
            with named("Grader (JSON)"):
                area = tag("textarea", "field code", self.draft.grader, rows=12, id=_JSON)
            area.on("input", lambda event: self._typed(str(event.args)), js_handler=TYPED, throttle=0.3)
        self._read()

    def _begin(self, kind: str) -> None:
        """Another kind, with the values that it begins with."""
        self.kind = kind
        kinds = {"exact": "string_check", "similar": "text_similarity"} if kind == "multi" else {"": kind}
        self.parts = [_Part(key, each, grader_form.begun(each, self.models[0])) for key, each in kinds.items()]
        self._draw()
        self._write()

    def _typed(self, text: str) -> None:
        self.draft.grader = text
        self._read()

    def _read(self) -> None:
        """Show what the JSON says, as far as a form can."""
        try:
            made = json.loads(self.draft.grader)
        except ValueError:
            return  # it is being typed
        parts = _parts(made)
        if parts is None:
            self.body.clear()
            with self.body:
                tag("div", "note", _MORE)
            return
        self.kind, self.parts = made["type"], parts
        if self.kind == "multi":
            self.name, self.formula = str(made.get("name") or "grader"), str(made.get("calculate_output", ""))
        self._draw()

    def _write(self) -> None:
        made: Json
        if self.kind == "multi":
            children = {part.key: grader_form.grader(part.kind, part.values) for part in self.parts}
            made = grader_form.multi(self.name, self.formula, children)
        else:
            made = grader_form.grader(self.kind, self.parts[0].values)
        self.draft.grader = json.dumps(made, indent=2, ensure_ascii=False)
        ui.run_javascript(f"document.getElementById({json.dumps(_JSON)}).value = {json.dumps(self.draft.grader)}")

    def _draw(self) -> None:
        self.select.clear()
        with self.select:
            options([(each, each) for each in KINDS], self.kind)
        self.body.clear()
        with self.body:
            if self.kind != "multi":
                self._fields(self.parts[0])
                return
            self._line("Formula over the parts", self.formula, lambda text: setattr(self, "formula", text))
            for part in self.parts:
                self._child(part)
            button("Add a part", self._add)

    def _child(self, part: _Part) -> None:
        with tag("section", "card stack"):
            with tag("div", "grid"):
                self._line("Key in the formula", part.key, lambda text: setattr(part, "key", text))
                with named("Kind of part"), tag("select", "field", aria_label="Kind of part") as select:
                    options([(each, each) for each in FIELDS], part.kind)
                select.on("change", lambda event: self._turn(part, str(event.args)), js_handler=TYPED)
            self._fields(part)
            if len(self.parts) > 1:
                with tag("div", "row"):
                    button("Remove this part", lambda: self._remove(part), "bare")

    def _fields(self, part: _Part) -> None:
        for each in FIELDS[part.kind]:
            with named(each.title):
                if each.look in ("choice", "model"):
                    made = tag("select", "field")
                    with made:
                        offered = dict.fromkeys([part.values[each.key], *(each.choices or self.models)])
                        options([(name, name) for name in offered], part.values[each.key])
                elif each.look == "line":
                    made = tag("input", "field", value=part.values[each.key])
                else:
                    code = "code" if each.look == "code" else ""
                    made = tag("textarea", f"field {code}", part.values[each.key], rows=8 if code else 2)
            event = "change" if each.look in ("choice", "model") else "input"
            made.on(event, lambda given, key=each.key: self._set(part, key, str(given.args)), js_handler=TYPED)

    def _line(self, title: str, text: str, take: Callable[[str], None]) -> None:
        def taken(event: Any) -> None:
            take(str(event.args))
            self._write()

        with named(title):
            tag("input", "field", value=text).on("input", taken, js_handler=TYPED)

    def _set(self, part: _Part, key: str, text: str) -> None:
        part.values[key] = text
        self._write()

    def _turn(self, part: _Part, kind: str) -> None:
        part.kind, part.values = kind, grader_form.begun(kind, self.models[0])
        self._draw()
        self._write()

    def _add(self) -> None:
        self.parts.append(
            _Part(f"part_{len(self.parts) + 1}", "string_check", grader_form.begun("string_check", self.models[0]))
        )
        self._draw()
        self._write()

    def _remove(self, part: _Part) -> None:
        self.parts.remove(part)
        self._draw()
        self._write()


def _parts(made: Json) -> list[_Part] | None:
    """The graders of a form; None where it cannot show all of what there is."""
    if not isinstance(made, dict):
        return None
    if made.get("type") != "multi":
        values = grader_form.values_of(made)
        return [_Part("", made["type"], values)] if values is not None else None
    children = made.get("graders")
    if not isinstance(children, dict) or not children or set(made) - {"type", "name", "graders", "calculate_output"}:
        return None
    parts = [(key, child, grader_form.values_of(child)) for key, child in children.items()]
    shown = [_Part(key, child["type"], values) for key, child, values in parts if values is not None]
    return shown if len(shown) == len(parts) else None
