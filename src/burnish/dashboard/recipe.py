"""A job as a form describes it: the body that makes it, and the same as code."""

import json
from dataclasses import dataclass, field
from typing import Any

Json = Any
HYPERPARAMETERS = (
    "n_epochs",
    "batch_size",
    "learning_rate_multiplier",
    "compute_multiplier",
    "eval_interval",
    "eval_samples",
    "reasoning_effort",
)


@dataclass(slots=True)
class Draft:
    """What has been typed; nothing of it is checked."""

    model: str = ""
    suffix: str = ""
    training_file: str = ""
    validation_file: str = ""
    grader: str = ""
    schema: str = ""
    hyperparameters: dict[str, str] = field(default_factory=dict)

    def set(self, key: str, value: str) -> None:
        """Take what was typed into a field."""
        if key in HYPERPARAMETERS:
            self.hyperparameters[key] = value.strip()
        else:
            setattr(self, key, value)


def body(draft: Draft) -> dict[str, Json]:
    """The body of POST /v1/fine_tuning/jobs. Raises `ValueError` for what the server could not even be asked."""
    for name in ("training_file", "validation_file"):
        if not getattr(draft, name):
            raise ValueError(f"Choose or upload a {name.replace('_', ' ')}.")
    reinforcement: dict[str, Json] = {"grader": parsed(draft.grader, "The grader")}
    if draft.schema.strip():
        shape = {"name": "answer", "strict": True, "schema": parsed(draft.schema, "The JSON schema")}
        reinforcement["response_format"] = {"type": "json_schema", "json_schema": shape}
    if given := hyperparameters(draft):
        reinforcement["hyperparameters"] = given
    return {
        "model": draft.model,
        "training_file": draft.training_file,
        "validation_file": draft.validation_file,
        **({"suffix": draft.suffix.strip()} if draft.suffix.strip() else {}),
        "method": {"type": "reinforcement", "reinforcement": reinforcement},
    }


def hyperparameters(draft: Draft) -> dict[str, Json]:
    """Those that were given."""
    return {name: _value(text) for name, text in draft.hyperparameters.items() if text and text != "auto"}


def python(sent: Json, base_url: str) -> str:
    """A script that makes the job."""
    arguments = "".join(f"    {name}={value!r},\n" for name, value in sent.items())
    return (
        f'from openai import OpenAI\n\nclient = OpenAI(base_url={base_url!r}, api_key="YOUR_KEY")\n'
        f"job = client.fine_tuning.jobs.create(\n{arguments})\nprint(job.id)\n"
    )


def curl(sent: Json, base_url: str) -> str:
    """A command that makes the job; a quote in the body is written so that the shell takes it as one."""
    text = json.dumps(sent, indent=2, ensure_ascii=False).replace("'", "'\\''")
    return (
        f"curl {base_url}/fine_tuning/jobs \\\n  -H 'Authorization: Bearer YOUR_KEY' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{text}'\n"
    )


def parsed(text: str, what: str) -> Json:
    """JSON that somebody typed. Raises `ValueError`."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{what} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error


def _value(text: str) -> Json:
    """A number where it is one; what the server does not take it names itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
