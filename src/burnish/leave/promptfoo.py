"""An eval as a directory that Promptfoo runs: its configuration, its rows, and the graders that it asks."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from burnish.core.errors import InvalidRequest
from burnish.leave.assertions import assertion, is_comparison
from burnish.leave.nunjucks import Values, expression, translated
from burnish.spec.items import chat_body
from burnish.spec.response import ResponseRequest

Json = Any
CONFIGURATION, TESTS = "promptfooconfig.yaml", "tests.jsonl"
_SCHEMA = "# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n"
_ANSWER = "{{ sample.output_text }}"


class Row(NamedTuple):
    """An item of the eval, and the answer that is to be graded where none is sampled."""

    item: Mapping[str, Json]
    answer: str | None = None


class Written(NamedTuple):
    """What was written, and what is to be said of it."""

    rows: int
    notes: tuple[str, ...]


@dataclass(slots=True)
class Promptfoo:
    """Of an eval, as the API shows it."""

    made: Mapping[str, Json]
    data_source: Mapping[str, Json] | None
    """Of the run whose questions are asked, and how; None: the messages that rows hold."""
    models: Sequence[str]
    """Who is asked; none: the rows come with answers."""
    base_url: str
    """The server that is asked."""
    _notes: list[str] = field(default_factory=list)

    def write(self, target: Path, rows: Iterable[Row]) -> Written:
        """Make the directory. Raises `InvalidRequest` where it is there, or there is no row."""
        try:
            target.mkdir(parents=True)
        except FileExistsError as error:
            raise InvalidRequest(f"{target} is there already; name a directory that is not.") from error
        try:
            return self._write(target, rows)
        except BaseException:
            shutil.rmtree(target)
            raise

    def _write(self, target: Path, rows: Iterable[Row]) -> Written:
        values = Values(self._templates())
        count = self._write_rows(target / TESTS, rows, values)
        if not count:
            raise InvalidRequest("There are no rows: name a run that has items, or a file with --rows.")
        shown = self._configuration(target, values)
        (target / CONFIGURATION).write_text(_SCHEMA + _yaml(shown), encoding="utf-8")
        for path, rows_without in values.gaps.items():
            self._notes.append(f"{rows_without} rows have no {path}; Promptfoo writes nothing in its place.")
        return Written(count, tuple(self._notes))

    def _templates(self) -> tuple[str, ...]:
        """All that refer to rows and that Promptfoo fills in."""
        compared = [each["reference"] for each in self.made["testing_criteria"] if is_comparison(each)]
        texts = [text for message in self._messages() for text in _texts(message["content"])]
        return (*compared, *texts)

    def _write_rows(self, path: Path, rows: Iterable[Row], values: Values) -> int:
        count = 0
        with path.open("w", encoding="utf-8") as out:
            for row in rows:
                if not self.models and row.answer is None:
                    raise InvalidRequest(f"Row {count} has no answer to be graded; name who is asked with --model.")
                values.see(row.item)
                answer = {"sample": {"output_text": row.answer}} if row.answer is not None else {}
                out.write(json.dumps({"vars": {"item": row.item, **answer}}, ensure_ascii=False) + "\n")
                count += 1
        return count

    def _configuration(self, target: Path, values: Values) -> dict[str, Json]:
        samples = int((self.data_source or {}).get("samples") or 1)
        return {
            "description": f"{self.made['name']} ({self.made['id']})",
            "prompts": [{"label": "prompt", "raw": self._prompt(values)}],
            "providers": [self._provider(model, samples) for model in self.models] or ["echo"],
            "defaultTest": {"options": {"disableVarExpansion": True}, "assert": self._assertions(target, values)},
            "tests": f"file://{TESTS}",
            **({"evaluateOptions": {"repeat": samples}} if samples > 1 else {}),
        }

    def _assertions(self, target: Path, values: Values) -> list[Json]:
        found = []
        for place, criterion in enumerate(self.made["testing_criteria"], start=1):
            try:
                made = assertion(criterion, place, values, self.base_url)
            except InvalidRequest as error:
                self._notes.append(f"{error.message} It is left out.")
                continue
            found.append(dict(made.shown))
            if made.file is not None:
                path = target / made.file
                path.parent.mkdir(exist_ok=True)
                path.write_text(made.text, encoding="utf-8")
        return found

    def _prompt(self, values: Values) -> str:
        """A chat as JSON, whose texts Promptfoo fills in; or a variable that holds one."""
        if not self.models:
            return _ANSWER
        asked = (self.data_source or {}).get("input_messages") or {}
        if asked.get("type") == "template":
            return json.dumps(
                [{**each, "content": _filled(each["content"], values)} for each in self._messages()],
                ensure_ascii=False,
                indent=2,
            )
        usual = "item.input" if self.data_source is not None else "item.messages"  # what was asked of a stored answer
        path = expression(str(asked.get("item_reference") or usual).strip("{} "))
        return f"{{{{ {path} if {path} is string else {path} | dump }}}}"

    def _messages(self) -> list[dict[str, Json]]:
        """The template's messages in chat's shape."""
        asked = (self.data_source or {}).get("input_messages") or {}
        if asked.get("type") != "template":
            return []
        return [{"role": each["role"], "content": _content(each["content"])} for each in asked["template"]]

    def _provider(self, model: str, samples: int) -> dict[str, Json]:
        """What is asked for goes through as it is: Promptfoo has other defaults, and changes some by name."""
        params = dict((self.data_source or {}).get("sampling_params") or {})
        told = {key: params[key] for key in ("temperature", "top_p", "reasoning_effort") if params.get(key) is not None}
        tokens = params.get("max_completion_tokens") or params.get("max_completions_tokens")
        if tokens:
            told["max_completion_tokens"] = tokens
        if samples == 1:  # answers of one seed are one answer
            told["seed"] = params["seed"] if params.get("seed") is not None else 42
        told |= self._formats(params)
        return {
            "id": f"openai:chat:{model}",
            "label": model,
            "config": {
                "apiBaseUrl": self.base_url,
                "apiKeyRequired": False,
                "omitDefaults": True,
                "showThinking": False,
                "passthrough": told,
            },
        }

    def _formats(self, params: Mapping[str, Json]) -> dict[str, Json]:
        """The response format and the tools in chat's shape."""
        if (self.data_source or {}).get("type") != "responses":
            return {key: params[key] for key in ("response_format", "tools") if params.get(key)}
        asked = {"model": "any", "input": "any", "text": params.get("text"), "tools": params.get("tools")}
        try:
            body = chat_body(ResponseRequest.model_validate(asked), [])
        except (ValidationError, InvalidRequest):
            note = "The run's text format or its tools are of no shape that is known here; they are left out."
            if note not in self._notes:
                self._notes.append(note)
            return {}
        return {key: body[key] for key in ("response_format", "tools") if body.get(key)}


def _content(sent: Json) -> Json:
    """A single text as it is, and all else as chat's parts."""
    parts = [sent] if isinstance(sent, Mapping) else sent
    if isinstance(parts, str):
        return parts
    shown = [_part(each) for each in parts]
    return shown[0]["text"] if len(shown) == 1 and shown[0]["type"] == "text" else shown


def _part(sent: Mapping[str, Json]) -> dict[str, Json]:
    if sent.get("type") == "input_image":
        return {"type": "image_url", "image_url": {"url": sent.get("image_url") or ""}}
    if sent.get("type") in ("input_text", "output_text"):
        return {"type": "text", "text": sent["text"]}
    return dict(sent)


def _texts(content: Json) -> list[str]:
    if isinstance(content, str):
        return [content]
    found = [part.get("text") or (part.get("image_url") or {}).get("url") for part in content]
    return [text for text in found if isinstance(text, str)]


def _filled(content: Json, values: Values) -> Json:
    """Every text within, translated."""
    if isinstance(content, str):
        return translated(content, values)
    if isinstance(content, list):
        return [_filled(each, values) for each in content]
    if isinstance(content, Mapping):
        return {key: value if key in ("type", "detail") else _filled(value, values) for key, value in content.items()}
    return content


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml tells no types
    """Texts of several lines as blocks, so that they can be read and changed."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(value: Json) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text
