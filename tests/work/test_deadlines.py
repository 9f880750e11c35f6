from typing import Any

import pytest
from pydantic import TypeAdapter

from burnish.settings import Models, Remote, Settings
from burnish.spec.grader import GraderSpec
from burnish.work.deadlines import longest_call_s
from tests.rows import GRADER as EXACT

PROMPT = [{"role": "user", "content": "How good is it?"}]
JUDGE = {"type": "score_model", "name": "judge", "model": "gpt-4.1", "input": PROMPT}
LABEL = {"type": "label_model", "name": "l", "model": "slow", "input": PROMPT, "labels": ["a"], "passing_labels": ["a"]}
COSINE = {
    "type": "text_similarity", "name": "c", "input": "a", "reference": "b", "evaluation_metric": "cosine"
}  # fmt: skip
PYTHON = {"type": "python", "name": "p", "source": "def grade(sample, item): return 1.0"}
ENDPOINT = {"type": "endpoint", "name": "e", "url": "http://127.0.0.1:9/grade"}
SETTINGS = Settings(
    models=Models(
        remote={
            "slow": Remote(base_url="http://127.0.0.1:9/v1", timeout_s=60, attempts=4),
            "embed": Remote(base_url="http://127.0.0.1:9/v1", timeout_s=10, attempts=1),
        },
        aliases={"gpt-4.1": "slow", "text-embedding-3-large": "embed"},
    )
)


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        (EXACT, 0),
        (JUDGE, 4 * (60 + 30)),
        (JUDGE | {"model": "burnish-starter"}, 0),
        (LABEL, 4 * (60 + 30)),
        (COSINE, 40),
        (COSINE | {"evaluation_metric": "bleu"}, 0),
        (PYTHON, 3 * (30 + 2 * 120) + 2),
        (ENDPOINT, 4 * 600 + 7),
        ({"type": "multi", "graders": {"a": EXACT, "b": JUDGE, "c": PYTHON}, "calculate_output": "a*b*c"}, 812),
    ],
)
def test_a_call_may_take_what_all_its_attempts_may(spec: dict[str, Any], seconds: float):
    assert longest_call_s(TypeAdapter(GraderSpec).validate_python(spec), SETTINGS) == seconds


def test_an_embedder_of_this_server_may_take_what_its_process_is_given():
    settings = Settings(
        infer_url="http://127.0.0.1:9", models=Models(embedders={"text-embedding-3-large": "/models/bge"})
    )
    assert longest_call_s(TypeAdapter(GraderSpec).validate_python(COSINE), settings) == 6 * (600 + 30)
