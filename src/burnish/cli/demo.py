"""`burnish demo`: the whole main job on the embedded starter model, through the official client."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from burnish.cli.connection import client
from burnish.cli.jobs import follow
from burnish.cli.report import Report
from burnish.core.errors import Unavailable
from burnish.core.ports import free_port
from burnish.settings import STARTER

if TYPE_CHECKING:
    from openai import OpenAI

TRAIN_ROWS, VALID_ROWS, TEST_ROWS = 240, 48, 96
START_TIMEOUT_S = 120.0


def demo(
    epochs: Annotated[int, typer.Option(min=1, max=50, help="Passes over the 240 training rows, 10 steps each.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Of the job: the same seed gives the same model.")] = 0,
    data_dir: Annotated[Path, typer.Option(help="Where the demo keeps its server's data.")] = Path("burnish-demo"),
) -> None:
    """Teach the starter model a company's security policy that only the grader knows, then ask it."""
    from rich.console import Console

    from burnish.starter.families import families
    from burnish.starter.splits import rows

    console = Console()
    family = families()["secreview"]
    folder = data_dir / "files"
    folder.mkdir(parents=True, exist_ok=True)
    sets = {
        "train": rows(family, "train", TRAIN_ROWS, seed),
        "valid": rows(family, "valid", VALID_ROWS, seed),
        "test": rows(family, "test", TEST_ROWS, seed),
    }
    for name, made in sets.items():
        _write(folder / f"{name}.jsonl", [row.fields for row in made])
    console.rule("[bold]Burnish demo: reinforcement fine-tuning on this machine")
    console.print(
        f"{TRAIN_ROWS} questions about a vendor's security. The right answers are a policy that the model has never\n"
        "seen: it can only find them out by answering and being graded.\n"
    )
    with local_server(data_dir) as api:
        started = time.monotonic()
        name = train(api, folder, family.grader, family.response_format, epochs, seed)
        minutes = (time.monotonic() - started) / 60
        report = Report(api, family.grader, family.response_format, [row.fields for row in sets["test"]])
        report.show(console, STARTER, name, minutes, data_dir)


def train(
    api: "OpenAI",
    folder: Path,
    grader: Mapping[str, Any],
    response_format: Mapping[str, Any] | None,
    epochs: int,
    seed: int,
    model: str = STARTER,
) -> str:
    """What a user's own script does: two files up, one job, follow it. The name of the tuned model."""
    files = {name: api.files.create(file=folder / f"{name}.jsonl", purpose="fine-tune") for name in ("train", "valid")}
    job = api.fine_tuning.jobs.create(
        model=model,
        training_file=files["train"].id,
        validation_file=files["valid"].id,
        seed=seed,
        suffix="security-review",
        method={  # type: ignore[arg-type]  # the SDK types a multi grader's map as one grader
            "type": "reinforcement",
            "reinforcement": {
                "grader": grader,
                "response_format": response_format,
                "hyperparameters": {"n_epochs": epochs, "reasoning_effort": "medium"},
            },
        },
    )
    done = follow(api, job.id)
    if done.fine_tuned_model is None:
        reason = done.error.message if done.error else None
        raise Unavailable(f"The demo's job ended as '{done.status}': {reason}")
    return done.fine_tuned_model


@contextlib.contextmanager
def local_server(data_dir: Path) -> "Iterator[OpenAI]":
    """A server of its own on a free port, and the official client on it."""
    port = free_port("127.0.0.1")
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir / "server.log"
    command = [sys.executable, "-m", "burnish", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    with log_path.open("ab") as log_file:
        process = subprocess.Popen(command, stdout=log_file, stderr=log_file, stdin=subprocess.DEVNULL)
    try:
        with client(f"http://127.0.0.1:{port}/v1", "none") as api:
            _wait_until_up(api, process, log_path)
            yield api
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_up(api: "OpenAI", process: subprocess.Popen[bytes], log_path: Path) -> None:
    import openai

    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(openai.APIConnectionError):
            api.with_options(max_retries=0).models.list()
            return
        time.sleep(0.2)
    raise Unavailable(f"The demo's server did not start; its log is {log_path}.")


def _write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
