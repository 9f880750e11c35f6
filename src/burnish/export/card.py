"""The model card of an exported model: what it was made from, by what, and how well it did."""

import json
from collections.abc import Mapping
from typing import Any

from burnish.core.records import Checkpoint, Job, TunedModel
from burnish.export.parity import Parity

Json = Any


def card(
    model: TunedModel,
    job: Job | None,
    checkpoint: Checkpoint | None,
    digests: Mapping[str, str],
    *,
    is_adapter: bool,
    parity: Parity | None,
) -> str:
    """Markdown with the hub's front matter. `digests`: of the job's files, by their role."""
    sections = [
        "---",
        f"base_model: {model.base}",
        f"library_name: {'peft' if is_adapter else 'transformers'}",
        "tags: [reinforcement-fine-tuning, burnish]",
        "license: other",
        "license_name: that-of-the-base-model-and-of-the-data",
        "---",
        "",
        f"# {model.name}",
        "",
        f"Tuned from `{model.base}` by reinforcement with Burnish, step {model.step} of job "
        f"`{model.job_id}`. Reasoning effort while it was trained: {model.reasoning_effort}. "
        "The base model's licence holds.",
    ]
    if checkpoint is not None:
        sections += ["", "## Metrics", "", _code(dict(checkpoint.metrics))]
    if job is not None:
        reinforcement = job.request["method"]["reinforcement"]
        sections += ["", "## Data", "", *(f"- {role}: sha256 `{digest}`" for role, digest in digests.items())]
        sections += ["", "## Grader", "", _code(reinforcement["grader"])]
        sections += ["", "## Hyperparameters", "", _code(dict(job.hyperparameters))]
    if parity is not None:
        sections += [
            "",
            "## Parity",
            "",
            f"Against the served model, over {parity.tokens} tokens of {parity.answers} answers: a token's log-prob "
            f"differs by {parity.largest:.2e} at most, {parity.mean:.2e} in the mean.",
        ]
        if (rewards := parity.rewards) is not None:
            sections[-1] += (
                f" Rewards of {rewards.rows} likeliest answers differ by {rewards.largest:.2e} at most; their mean is "
                f"{rewards.served:.4f} served and {rewards.exported:.4f} exported."
            )
        elif parity.ungraded is not None:
            sections[-1] += f" Rewards were not compared: {parity.ungraded}"
    return "\n".join(sections) + "\n"


def _code(value: Json) -> str:
    return "```json\n" + json.dumps(value, indent=2, ensure_ascii=False) + "\n```"
