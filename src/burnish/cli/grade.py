"""`burnish grade`: run a grader file over items and answers, in this process and without a model of its own."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from burnish.cli.connection import ApiKey, BaseUrl, address
from burnish.cli.tables import show
from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Grade, Item, Sample
from burnish.settings import Remote, Settings

if TYPE_CHECKING:
    from burnish.remote.chat import RemoteChat
    from burnish.spec.chat import ChatCompletion, ChatRequest
    from burnish.spec.grader import GraderSpec

Json = Any

AT_A_TIME = 16
BINS = 10
_BAR_WIDTH = 40
_JUDGE_TIMEOUT_S = 600.0


def grade(
    grader: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A grader, as JSON.")],
    rows: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help='JSONL: {"item": {...}, "sample": "an answer"}, or "sample": {"output_text": "", "output_tools": []}.',
        ),
    ],
    base_url: BaseUrl = None,
    api_key: ApiKey = "none",
) -> None:
    """Grade answers: scores, faults, a histogram and the time it took. Exit code 1 where a grade has a fault.

    Judges and embedders of [models.remote] are asked at their endpoints, all others at the server.
    """
    from burnish.grade.flags import all_faults

    spec, cases = _read_grader(grader), _read_rows(rows)
    judges = _Judges(Settings(), Remote(base_url=address(base_url), api_key=api_key, timeout_s=_JUDGE_TIMEOUT_S))
    grades = asyncio.run(_grade(spec, cases, judges))
    table = [
        (str(case.item.line), _shown(each.score), f"{each.seconds:.3f}", _faults(each))
        for case, each in zip(cases, grades, strict=True)
    ]
    show(("line", "score", "seconds", "faults"), table, empty=f"There are no rows in {rows}.")
    typer.echo("\n".join(["", *_summary(grades)]))
    if any(all_faults(each) for each in grades):
        raise typer.Exit(1)


class _Case(NamedTuple):
    item: Item
    sample: Sample


@dataclass(slots=True)
class _Judges:
    """The Chat of every judge, opened on first use."""

    settings: Settings
    server: Remote
    _chats: "dict[str, RemoteChat]" = field(default_factory=dict)

    async def complete(self, request: "ChatRequest") -> "ChatCompletion":
        from burnish.remote.chat import RemoteChat

        if request.model not in self._chats:
            remote = self.settings.models.remote.get(self.settings.resolve(request.model))
            self._chats[request.model] = RemoteChat(remote or self.server, request.model)
        return await self._chats[request.model].complete(request)

    async def aclose(self) -> None:
        for chat in self._chats.values():
            await chat.aclose()


def _read_grader(path: Path) -> "GraderSpec":
    """Raises `InvalidRequest` with the field."""
    from pydantic import ValidationError

    from burnish.server.failures import invalid_request
    from burnish.spec.grading import GraderValidation

    body = {"grader": _json(_text(path), str(path))}
    try:
        return GraderValidation.model_validate(body).grader
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise InvalidRequest(f"{path}: {invalid_request(errors, body).message}") from error


def _read_rows(path: Path) -> list[_Case]:
    """Raises `InvalidRequest` with the line; blank lines are skipped."""
    lines = enumerate(_text(path).split("\n"), start=1)
    return [_case(text, line, f"{path}, line {line}") for line, text in lines if text.strip()]


def _case(text: str, line: int, where: str) -> _Case:
    from burnish.grade.answer import sample_of

    row = _json(text, where)
    item = row.get("item", {}) if isinstance(row, dict) else None
    if not isinstance(item, dict):
        raise InvalidRequest(f'{where}: a row is an object, and so is its "item".')
    given = row.get("sample")
    answer = given if isinstance(given, dict) else {"output_text": given}
    said, calls = answer.get("output_text"), answer.get("output_tools", [])
    if not isinstance(said, str) or not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise InvalidRequest(
            f'{where}: "sample" is a text, or an object with "output_text" and perhaps "output_tools".'
        )
    return _Case(Item(line=line, messages=(), tools=(), fields=item), sample_of(said, calls))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path}: this is no text in UTF-8: {error}.") from error


def _json(text: str, where: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{where}: this is no JSON: {error}.") from error


async def _grade(spec: "GraderSpec", cases: Sequence[_Case], judges: _Judges) -> list[Grade]:
    from burnish.grade.build import build
    from burnish.remote.embedder import RemoteEmbedder
    from burnish.toolbox import Toolbox

    toolbox = Toolbox.of(judges.settings)
    if toolbox.embedder is None:
        toolbox = replace(toolbox, embedder=RemoteEmbedder(judges.server, judges.settings.grading.embedder))
    slots = asyncio.Semaphore(AT_A_TIME)

    async def one(case: _Case) -> Grade:
        async with slots:
            return await grader(case.item, case.sample)

    try:
        grader = build(spec, toolbox.tools(judges))
        return list(await asyncio.gather(*map(one, cases)))
    finally:
        await judges.aclose()
        await toolbox.aclose()


def _faults(each: Grade) -> str:
    """The grader's own, then its parts' with their keys."""
    own = [f"{note.fault}: {note.detail}" for note in each.faults]
    return "\n".join(own + [f"{key}: {_faults(part)}" for key, part in each.parts.items() if _faults(part)])


def _shown(score: float | None) -> str:
    return "-" if score is None else f"{score:.4g}"


def _summary(grades: Sequence[Grade]) -> list[str]:
    """The histogram, and the means in a line."""
    scores = [each.score for each in grades if each.score is not None]
    if not scores:
        return ["No answer got a score."]
    faulty = sum(bool(_faults(each)) for each in grades)
    seconds = sum(each.seconds for each in grades) / len(grades)
    return [
        *_histogram(scores),
        "",
        f"mean {sum(scores) / len(scores):.4g} of {len(scores)} scores, {faulty} of {len(grades)} grades with faults, "
        f"{seconds:.3g} seconds a grade",
    ]


def _histogram(scores: Sequence[float]) -> list[str]:
    """Ten bins from 0 to 1, or from the lowest to the highest score where they lie outside."""
    low, high = min(0.0, *scores), max(1.0, *scores)
    counts = [0] * BINS
    for score in scores:
        counts[min(BINS - 1, int((score - low) / (high - low) * BINS))] += 1
    edges = [low + (high - low) * edge / BINS for edge in range(BINS + 1)]
    bars = ["█" * -(-_BAR_WIDTH * count // max(counts)) for count in counts]
    return [
        f"{left:>8.3g} .. {right:<8.3g} {bar:<{_BAR_WIDTH}} {count}"
        for left, right, bar, count in zip(edges, edges[1:], bars, counts, strict=False)
    ]
