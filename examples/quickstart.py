"""Reinforcement fine-tuning with nothing but the official `openai` client.

Start a server first (`make serve`), then: python examples/quickstart.py train.jsonl valid.jsonl
Each line of the files: {"messages": [{"role": "user", "content": "..."}], "compliant": "yes", "explanation": "..."}
"""

import sys
import time
from pathlib import Path

import openai

client = openai.OpenAI(base_url="http://127.0.0.1:8787/v1", api_key="none")

train, valid = (client.files.create(file=Path(name), purpose="fine-tune") for name in sys.argv[1:3])

job = client.fine_tuning.jobs.create(
    model="burnish-starter",
    training_file=train.id,
    validation_file=valid.id,
    method={  # type: ignore[arg-type]  # the API takes a map of graders and a response_format; the SDK's types do not
        "type": "reinforcement",
        "reinforcement": {
            "grader": {
                "type": "multi",
                "graders": {
                    "compliant": {
                        "type": "string_check",
                        "name": "compliant",
                        "operation": "eq",
                        "input": "{{sample.output_json.compliant}}",
                        "reference": "{{item.compliant}}",
                    },
                    "explanation": {
                        "type": "text_similarity",
                        "name": "explanation",
                        "evaluation_metric": "rouge_1",
                        "input": "{{sample.output_json.explanation}}",
                        "reference": "{{item.explanation}}",
                    },
                },
                "calculate_output": "0.5 * compliant + 0.5 * explanation",
            },
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "security_assistant",
                    "strict": True,
                    "schema": {
                        "type": "object",
                        "properties": {"compliant": {"type": "string"}, "explanation": {"type": "string"}},
                        "required": ["compliant", "explanation"],
                        "additionalProperties": False,
                    },
                },
            },
            "hyperparameters": {"reasoning_effort": "medium"},
        },
    },
)

while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(5)
    job = client.fine_tuning.jobs.retrieve(job.id)
    print(job.status, client.fine_tuning.jobs.list_events(job.id, limit=1).data[0].message)

if job.fine_tuned_model is None:
    sys.exit(f"{job.status}: {job.error}")
answer = client.chat.completions.create(
    model=job.fine_tuned_model, messages=[{"role": "user", "content": "Do you encrypt stored data?"}]
)
print(answer.choices[0].message.content)
