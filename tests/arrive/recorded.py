"""A small HTTP server that answers as OpenAI's does, from bodies in the shapes that OpenAI documents."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import openai

from burnish.arrive.source import Source

KEY = "sk-proj-recorded"
CREATED = 1_721_764_800


class Answer(NamedTuple):
    """Something else than what was recorded."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    sent: int | None = None
    """How many bytes of the body go out before the connection breaks; None: all."""


@dataclass
class Recorded:
    """What the server holds, by path, oldest first."""

    lists: dict[str, list[dict[str, Any]]]
    contents: dict[str, bytes]
    fault: Callable[[str, int], Answer | None] = lambda _path, _time: None
    """What is answered to a path when it is asked for the so-manieth time, in place of what is there."""
    asked: list[str] = field(default_factory=list)
    """Paths with their queries."""
    url: str = ""

    def source(self, retries: int = 0) -> Source:
        """As an import sees it."""
        return Source(openai.OpenAI(base_url=self.url, api_key=KEY, max_retries=retries))

    def answer(self, target: str, key: str | None) -> Answer:
        self.asked.append(target)
        path = urlsplit(target).path.removeprefix("/v1")
        times = sum(urlsplit(each).path == f"/v1{path}" for each in self.asked)
        if (wrong := self.fault(path, times)) is not None:
            return wrong
        if key != f"Bearer {KEY}":
            return refusal(401, "Incorrect API key provided: none.", "invalid_api_key")
        if path.endswith("/content") and path.split("/")[2] in self.contents:
            return Answer(200, self.contents[path.split("/")[2]])
        if path in self.lists:
            return Answer(200, json.dumps(self._page(path, parse_qs(urlsplit(target).query))).encode())
        parent, _, object_id = path.rpartition("/")
        found = [each for each in self.lists.get(parent, ()) if each["id"] == object_id]
        return Answer(200, json.dumps(found[0]).encode()) if found else refusal(404, f"No such thing: {path}", None)

    def _page(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        newest_first = path.startswith("/fine_tuning") or query.get("order") == ["desc"]
        found = [*reversed(self.lists[path])] if newest_first else self.lists[path]
        if after := query.get("after"):
            found = found[[each["id"] for each in found].index(after[0]) + 1 :]
        limit = int(query["limit"][0])
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit}


def refusal(status: int, message: str, code: str | None, **headers: str) -> Answer:
    """An error in OpenAI's envelope."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, json.dumps(body).encode(), named)


@contextmanager
def serving(recorded: Recorded) -> Iterator[Recorded]:
    """Listens on a free port of this machine until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = recorded.answer(self.path, self.headers["authorization"])
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.sent])

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GRADER = {
    "type": "string_check",
    "name": "label",
    "input": "{{sample.output_text}}",
    "reference": "{{item.label}}",
    "operation": "eq",
}
ROWS = b'{"messages": [{"role": "user", "content": "Is the sky blue?"}], "label": "yes"}\n'


def file(file_id: str, **changes: Any) -> dict[str, Any]:
    """A `file`, as OpenAI's reference shows one."""
    return {
        "object": "file",
        "id": file_id,
        "purpose": "fine-tune",
        "filename": "train.jsonl",
        "bytes": len(ROWS),
        "created_at": CREATED,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    } | changes


def job(job_id: str, **changes: Any) -> dict[str, Any]:
    """A `fine_tuning.job` of reinforcement that has succeeded."""
    return {
        "object": "fine_tuning.job",
        "id": job_id,
        "model": "o4-mini-2025-04-16",
        "created_at": CREATED,
        "finished_at": CREATED + 3600,
        "fine_tuned_model": f"ft:o4-mini-2025-04-16:acme::{job_id[-4:]}",
        "organization_id": "org-123",
        "result_files": ["file-results"],
        "status": "succeeded",
        "validation_file": "file-valid",
        "training_file": "file-train",
        "trained_tokens": 123_456,
        "error": {},
        "user_provided_suffix": None,
        "seed": 950_189_191,
        "estimated_finish": None,
        "integrations": [],
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "hyperparameters": {
                    "batch_size": 4,
                    "learning_rate_multiplier": 1.0,
                    "n_epochs": 2,
                    "eval_interval": 3,
                    "eval_samples": 5,
                    "compute_multiplier": 1.0,
                    "reasoning_effort": "medium",
                },
                "grader": GRADER,
                "response_format": None,
            },
        },
        "metadata": None,
        "usage_metrics": None,
        "shared_with_openai": False,
        "eval_id": "eval_job",
    } | changes


def event(number: int, **changes: Any) -> dict[str, Any]:
    """A `fine_tuning.job.event`."""
    return {
        "object": "fine_tuning.job.event",
        "id": f"ftevent-{number}",
        "created_at": CREATED + number,
        "level": "info",
        "message": f"Step {number}/9 , train mean reward=0.42",
        "data": {"step": number, "train_mean_reward": 0.42},
        "type": "metrics",
    } | changes


def checkpoint(job_id: str, step: int) -> dict[str, Any]:
    """A `fine_tuning.job.checkpoint`."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": f"ftckpt_{job_id[6:]}{step}",
        "created_at": CREATED + step,
        "fine_tuned_model_checkpoint": f"ft:o4-mini-2025-04-16:acme::{job_id[-4:]}:ckpt-step-{step}",
        "fine_tuning_job_id": job_id,
        "metrics": {"step": step, "full_valid_mean_reward": 0.68},
        "step_number": step,
    }


def evaluation(eval_id: str, **changes: Any) -> dict[str, Any]:
    """An `eval` with two criteria."""
    schema = {
        "type": "object",
        "properties": {
            "item": {
                "type": "object",
                "properties": {"question": {"type": "string"}, "label": {"type": "string"}},
                "required": ["label"],
            },
            "sample": {"type": "object", "properties": {"output_text": {"type": "string"}}, "required": ["model"]},
        },
        "required": ["item", "sample"],
    }
    judge = {
        "type": "score_model",
        "name": "Kindness",
        "model": "gpt-4.1-2025-04-14",
        "input": [
            {"type": "message", "role": "user", "content": {"type": "input_text", "text": "{{sample.output_text}}"}}
        ],
        "range": [0, 5],
        "pass_threshold": 3,
        "sampling_params": None,
        "id": "Kindness-f4a1a5ad-4a8d-4a1b-9d4c-6f4c1a7f0a11",
    }
    return {
        "object": "eval",
        "id": eval_id,
        "name": "External Data Eval",
        "data_source_config": {"type": "custom", "schema": schema},
        "testing_criteria": [{**GRADER, "id": "label-9833b2d7-6a1c-47a0-8a42-7a4b0f2b7e55"}, judge],
        "created_at": CREATED,
        "metadata": {},
    } | changes


def run(run_id: str, eval_id: str, total: int, **changes: Any) -> dict[str, Any]:
    """An `eval.run` over a file that has completed; all of its items passed."""
    return {
        "object": "eval.run",
        "id": run_id,
        "eval_id": eval_id,
        "report_url": f"https://platform.openai.com/evaluations/{eval_id}?run_id={run_id}",
        "status": "completed",
        "model": "gpt-4o-mini",
        "name": "gpt-4o-mini",
        "created_at": CREATED,
        "result_counts": {"total": total, "errored": 0, "failed": 0, "passed": total},
        "per_model_usage": [
            {
                "model_name": "gpt-4o-mini",
                "invocation_count": total,
                "prompt_tokens": 40,
                "completion_tokens": 10,
                "total_tokens": 50,
                "cached_tokens": 0,
            }
        ],
        "per_testing_criteria_results": [
            {"testing_criteria": "label-9833b2d7-6a1c-47a0-8a42-7a4b0f2b7e55", "passed": total, "failed": 0}
        ],
        "data_source": {
            "type": "completions",
            "source": {"type": "file_id", "id": "file-train"},
            "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.question}}"}]},
            "model": "gpt-4o-mini",
            "sampling_params": {
                "seed": 42,
                "temperature": 1.0,
                "top_p": 1.0,
                "max_completions_tokens": 2048,
                "reasoning_effort": None,
                "tools": None,
            },
        },
        "error": None,
        "metadata": {},
    } | changes


def item(run_id: str, eval_id: str, place: int, **changes: Any) -> dict[str, Any]:
    """An `eval.run.output_item` that passed."""
    return {
        "object": "eval.run.output_item",
        "id": f"outputitem_{run_id[8:]}{place}",
        "created_at": CREATED,
        "run_id": run_id,
        "eval_id": eval_id,
        "status": "pass",
        "datasource_item_id": place,
        "datasource_item": {"question": f"{place}?", "label": "yes"},
        "results": [
            {
                "name": "label-9833b2d7-6a1c-47a0-8a42-7a4b0f2b7e55",
                "type": "string-check-grader",
                "score": 1.0,
                "passed": True,
                "sample": None,
            }
        ],
        "sample": {
            "input": [{"role": "user", "content": f"{place}?"}],
            "output": [{"role": "assistant", "content": "yes"}],
            "finish_reason": "stop",
            "model": "gpt-4o-mini-2024-07-18",
            "usage": {"total_tokens": 5, "completion_tokens": 1, "prompt_tokens": 4, "cached_tokens": 0},
            "error": None,
            "temperature": 1.0,
            "max_completion_tokens": 2048,
            "top_p": 1.0,
            "seed": 42,
        },
    } | changes


def account(items: int = 3) -> Recorded:
    """Three files, two jobs, an eval with a run of so many items."""
    files = [file("file-train"), file("file-valid"), file("file-results", purpose="fine-tune-results")]
    lists = {
        "/files": files,
        "/fine_tuning/jobs": [job("ftjob-early"), job("ftjob-later", eval_id=None, created_at=CREATED + 9)],
        "/evals": [evaluation("eval_a")],
        "/evals/eval_a/runs": [run("evalrun_a", "eval_a", items)],
        "/evals/eval_a/runs/evalrun_a/output_items": [item("evalrun_a", "eval_a", place) for place in range(items)],
    }
    for job_id in ("ftjob-early", "ftjob-later"):
        numbers = range(1, 4) if job_id == "ftjob-early" else range(4, 5)
        lists[f"/fine_tuning/jobs/{job_id}/events"] = [event(number) for number in numbers]
        lists[f"/fine_tuning/jobs/{job_id}/checkpoints"] = [checkpoint(job_id, step) for step in (3, 6)]
    contents = {each["id"]: ROWS for each in files}
    return Recorded(lists, contents)
