"""Testing criteria as Promptfoo's assertions.

A comparison of texts is Promptfoo's own, a python grader a file that it runs. Whatever Promptfoo has no equal for, or
another measure under the same name, is graded by the server, so that the score is the one that an eval gives.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from burnish.evals.criterion import Bar
from burnish.evals.scores import name_of
from burnish.leave.nunjucks import Values, refers_to, translated

Json = Any
_KINDS = {"eq": "equals", "ne": "not-equals", "like": "contains", "ilike": "icontains"}
_ANSWER = re.compile(r"\{\{\s*sample\.output_text\s*\}\}")


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion, and the file that it needs."""

    shown: Mapping[str, Json]
    file: str | None = None
    """Below the configuration's directory."""
    text: str = ""
    """What the file holds."""


def assertion(criterion: Mapping[str, Json], place: int, values: Values, base_url: str) -> Assertion:
    """Of an eval's so-manieth criterion, as the API shows it. Raises `InvalidRequest` for one that is none here."""
    bar, name = Bar.of(criterion), name_of({"name": criterion["id"]})
    if is_comparison(criterion) and 0 < bar.threshold <= 1:
        value = translated(criterion["reference"], values)
        return Assertion({"type": _KINDS[criterion["operation"]], "value": value, "metric": name})
    stem = f"graders/{re.sub(r'[^a-z0-9]+', '_', f'{place} {name}'.lower()).strip('_')}"
    if criterion["type"] == "python":
        return _of_file("python", f"{stem}.py", name, _python(criterion["source"], bar.threshold))
    grader = {key: value for key, value in criterion.items() if key != "id"}
    return _of_file("javascript", f"{stem}.cjs", name, _javascript(grader, bar.threshold, base_url))


def is_comparison(criterion: Mapping[str, Json]) -> bool:
    """Whether the answer as a whole is compared with a text of the row."""
    return (
        criterion["type"] == "string_check"
        and _ANSWER.fullmatch(criterion["input"]) is not None
        and not refers_to(criterion["reference"], "sample")
    )


def _of_file(kind: str, file: str, name: str, text: str) -> Assertion:
    return Assertion({"type": kind, "value": f"file://{file}", "metric": name}, file, text)


_PYTHON = """

# Written by `burnish export promptfoo`: grade() above, called as Promptfoo calls an assertion.
def get_assert(output, context):
    import json as _json

    text = output if isinstance(output, str) else _json.dumps(output, ensure_ascii=False)
    try:
        parsed = _json.loads(text)
    except ValueError:
        parsed = None
    message = {{"role": "assistant", "content": text, "refusal": None}}
    sample = {{
        "output_text": text,
        "output_json": parsed,
        "output_tools": [],
        "output_audio": None,
        "choices": [{{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}}],
    }}
    score = float(grade(sample, context["vars"]["item"]))
    return {{"pass": score >= {threshold!r}, "score": score, "reason": f"{{score:g}}, to pass: {threshold:g}"}}
"""


def _python(source: str, threshold: float) -> str:
    return source.rstrip() + "\n" + _PYTHON.format(threshold=threshold)


_JAVASCRIPT = """// Written by `burnish export promptfoo`: the grader below, run by the server for one answer.
const url = process.env.BURNISH_BASE_URL || {url};
const key = process.env.OPENAI_API_KEY || "none";
const threshold = {threshold};
const grader = {grader};

module.exports = async (output, context) => {{
  const response = await fetch(`${{url}}/fine_tuning/alpha/graders/run`, {{
    method: "POST",
    headers: {{ "content-type": "application/json", authorization: `Bearer ${{key}}` }},
    body: JSON.stringify({{
      grader,
      model_sample: typeof output === "string" ? output : JSON.stringify(output),
      item: context.vars.item,
    }}),
  }});
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ? body.error.message : `HTTP ${{response.status}}`);
  const faults = Object.keys(body.metadata.errors).filter((name) => body.metadata.errors[name] === true);
  const failed = faults.filter((name) => name.endsWith("_server_error"));
  if (failed.length > 0) throw new Error(`The answer was not graded: ${{failed.join(", ")}}`);
  const reason = `${{body.reward}}, to pass: ${{threshold}}${{faults.length ? `; ${{faults.join(", ")}}` : ""}}`;
  return {{ pass: body.reward >= threshold, score: body.reward, reason }};
}};
"""


def _javascript(grader: Mapping[str, Json], threshold: float, base_url: str) -> str:
    written = json.dumps(grader, indent=2, ensure_ascii=False)
    return _JAVASCRIPT.format(url=json.dumps(base_url), threshold=json.dumps(threshold), grader=written)
