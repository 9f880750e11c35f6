"""Evals and runs as code to copy."""

import json
from pprint import pformat
from typing import Any

Json = Any
_MOST = 4000
"""Characters of a data source that are written out; one that holds its rows itself can be long."""


def new_eval(base_url: str) -> str:
    """A script that makes an eval and runs it."""
    return f"""from openai import OpenAI

client = OpenAI(base_url={base_url!r}, api_key="YOUR_KEY")
file = client.files.create(file=open("rows.jsonl", "rb"), purpose="evals")  # {{"question": "…", "answer": "…"}} a line
made = client.evals.create(
    name="verdicts",
    data_source_config={{
        "type": "custom",
        "item_schema": {{
            "type": "object",
            "properties": {{"question": {{"type": "string"}}, "answer": {{"type": "string"}}}},
        }},
        "include_sample_schema": True,
    }},
    testing_criteria=[{{"type": "string_check", "name": "exact", "operation": "eq",
                       "input": "{{{{sample.output_text}}}}", "reference": "{{{{item.answer}}}}"}}],
)
run = client.evals.runs.create(
    made.id,
    name="before training",
    data_source={{
        "type": "completions",
        "model": "burnish-starter",
        "source": {{"type": "file_id", "id": file.id}},
        "input_messages": {{"type": "template", "template": [{{"role": "user", "content": "{{{{item.question}}}}"}}]}},
    }},
)
print(run.report_url)
"""


def new_run(eval_id: str, last: Json, base_url: str) -> str:
    """A script that runs an eval: as it was run the last time, or as it may be run first."""
    source = (last or {}).get("data_source") or {
        "type": "completions",
        "model": "burnish-starter",
        "source": {"type": "file_id", "id": "file-…"},
        "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.question}}"}]},
    }
    if len(json.dumps(source)) > _MOST:
        source = {**source, "source": {"type": "file_id", "id": "file-…"}}
    written = pformat(source, width=100, sort_dicts=False).replace("\n", "\n    ")
    return (
        f'from openai import OpenAI\n\nclient = OpenAI(base_url={base_url!r}, api_key="YOUR_KEY")\n'
        f'run = client.evals.runs.create(\n    {eval_id!r},\n    name="again",\n    data_source={written},\n)\n'
        "print(run.report_url)\n"
    )
