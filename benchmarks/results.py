"""What README and docs/results.md claim of the starter model, measured: `python -m benchmarks.results`.

Every run trains on a family's training rows for a number of steps fixed beforehand and is then asked its test rows,
once; nothing is chosen by what a run scores. Graders are exact: string_check and rouge_1. Finished runs are kept in
`results.jsonl`, so that an interrupted measurement goes on where it stopped.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.table import page
from burnish.core.interval import bootstrap
from burnish.core.rollout import Grade, Item, SampleKey
from burnish.policy.roles import Request
from burnish.settings import STARTER, Settings, Training
from burnish.spec.job import JobRequest
from burnish.starter.families import families
from burnish.starter.family import Family
from burnish.starter.splits import Split, rows
from burnish.work.check import Data
from burnish.work.journal import StepRecord, Wish
from burnish.work.plan import Plan
from burnish.work.pulse import Pulse
from burnish.work.session import Session, open_session

STEPS = 60
VALID_ROWS, TEST_ROWS, TEST_SAMPLES = 24, 100, 4
POLICIES = (37, 53)
"""Hidden policies of security review, class-balanced; chosen before any reward was seen."""
FAMILIES = ("secreview", "query", "addition", "binding", "coding", "toolcall")
SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Case:
    """One run to measure."""

    family: str
    seed: int
    policy: int = POLICIES[0]
    parameters: Literal["lora", "full"] = "lora"
    baseline: Literal["leave_one_out", "grpo"] = "leave_one_out"
    train_rows: int = 240
    steps: int = STEPS


@dataclass(slots=True)
class Curve:
    """A journal that keeps the rewards and throws the rest away."""

    directory: Path
    train: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    gap_max: float = 0.0
    pulse: Pulse = field(default_factory=Pulse)

    def begin(self, plan: Plan) -> None:
        """From the start."""

    def wish(self) -> Wish:
        """To the end."""
        return Wish.GO_ON

    def grade(self, key: SampleKey, digest: str) -> None:
        """Nothing is remembered."""

    def record_grade(self, key: SampleKey, digest: str, grade: Grade) -> None:
        """Nothing is kept."""

    def commit(self, record: StepRecord) -> None:
        """Note a step."""
        if record.step == 0:
            return
        self.train.append(record.metrics["train_mean_reward"])
        self.tokens.append(record.metrics["reasoning_tokens_mean"])
        self.seconds.append(record.usage.seconds.total)
        self.gap_max = max(self.gap_max, record.metrics["burnish"]["logp_gap_max"])

    def say(
        self, message: str, *, level: Literal["info", "warn", "error"] = "info", data: dict[str, Any] | None = None
    ) -> None:
        """Nobody listens."""

    def room(self, kind: Literal["model", "snapshot"], step: int) -> Path:
        """One place for all: only the last step counts."""
        return self.directory / kind


def cases() -> list[Case]:
    """The main question first."""
    main = [Case("secreview", seed, policy) for seed in SEEDS for policy in POLICIES]
    others = [Case(family, 0) for family in FAMILIES[1:]]
    full = [Case("secreview", seed, parameters="full") for seed in SEEDS]
    repeated = [Case(family, seed) for family in FAMILIES[1:] for seed in SEEDS[1:]]
    recipe = [Case("secreview", seed, policy, baseline="grpo") for policy in POLICIES for seed in SEEDS]
    few = [Case("secreview", 0, train_rows=20)]
    return [*main, *others, *few, *recipe, *full, *repeated]


def measure(case: Case) -> dict[str, Any]:
    """Train, then ask the test rows of base and tuned model."""
    family = families(case.policy)[case.family]
    data = Data(_items(family, "train", case.train_rows), _items(family, "valid", VALID_ROWS))
    test = _items(family, "test", TEST_ROWS)
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(
            data_dir=Path(directory), training=Training(parameters=case.parameters, baseline=case.baseline)
        )
        curve = Curve(Path(directory))
        with open_session("results", _request(family, case), case.seed, data, settings, curve) as session:
            before = asyncio.run(_exam(session, test))
            started = time.perf_counter()
            asyncio.run(session.carry_out())
            minutes = (time.perf_counter() - started) / 60
            after = asyncio.run(_exam(session, test))
    return {
        "case": asdict(case),
        "before": before,
        "after": after,
        "minutes": minutes,
        "train_reward": curve.train,
        "reasoning_tokens": [curve.tokens[0], curve.tokens[-1]],
        "logp_gap_max": curve.gap_max,
    }


def _request(family: Family, case: Case) -> JobRequest:
    batch = max(8, case.train_rows // 10)  # what "auto" takes
    epochs = case.steps // -(-case.train_rows // batch)
    method: dict[str, Any] = {
        "grader": dict(family.grader),
        "hyperparameters": {"n_epochs": epochs, "batch_size": batch, "eval_interval": case.steps, "eval_samples": 1},
    }
    if family.response_format is not None:
        method["response_format"] = dict(family.response_format)
    body = {"model": STARTER, "training_file": "train", "validation_file": "valid"}
    return JobRequest.model_validate(body | {"method": {"type": "reinforcement", "reinforcement": method}})


def _items(family: Family, split: Split, count: int) -> tuple[Item, ...]:
    made = rows(family, split, count, 0)
    return tuple(
        Item(line, tuple(row.fields["messages"]), tuple(row.fields.get("tools", ())), row.fields)
        for line, row in enumerate(made, start=1)
    )


async def _exam(session: Session, items: Sequence[Item]) -> dict[str, Any]:
    """Mean rewards of sampled and greedy answers, with 95 % intervals over rows."""
    sampled = await _rewards(session, items, TEST_SAMPLES, 1.0)
    greedy = await _rewards(session, items, 1, 0.0)
    return {
        "sampled": asdict(bootstrap([sum(each) / len(each) for each in sampled])),
        "exact": asdict(bootstrap([sum(one > 0.999 for one in each) / len(each) for each in sampled])),
        "greedy": asdict(bootstrap([each[0] for each in greedy])),
        "best": sum(max(each) for each in sampled) / len(sampled),
    }


async def _rewards(session: Session, items: Sequence[Item], samples: int, temperature: float) -> list[list[float]]:
    roller, plan = session.roller, session.plan
    requests = [
        Request(
            key=SampleKey("exam", "valid", 0, item.line, sample),
            prompt_ids=array("q", roller.renderer.prompt(item.messages, item.tools, plan.reasoning_effort)),
            max_tokens=plan.max_tokens,
            reasoning_tokens=plan.reasoning_tokens,
            response_schema=plan.response_schema,
            temperature=temperature,
            seed=12345,
        )
        for item in items
        for sample in range(samples)
    ]
    by_line = {item.line: item for item in items}
    found: dict[int, list[float]] = {item.line: [] for item in items}
    async for completion in (await roller.trainer.sampler()).sample(requests):
        sample = roller.renderer.reply(completion, structured=plan.response_schema is not None)
        grade = await roller.grade(completion.key, by_line[completion.key.line], sample)
        found[completion.key.line].append(grade.score or 0.0)
    return list(found.values())


def main() -> None:
    """Measure what is missing, then write the page."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--results", type=Path, default=Path("benchmarks/results.jsonl"))
    flags.add_argument("--page", type=Path, default=Path("docs/results.md"))
    flags.add_argument("--processes", type=int, default=2)
    flags.add_argument("--only", help="a family")
    given = flags.parse_args()
    done = [json.loads(line) for line in given.results.read_text().splitlines()] if given.results.exists() else []
    known = [result["case"] for result in done]
    missing = [case for case in cases() if asdict(case) not in known and given.only in (None, case.family)]
    with multiprocessing.get_context("spawn").Pool(given.processes, maxtasksperchild=1) as pool:
        for result in pool.imap_unordered(measure, missing):
            with given.results.open("a") as out:
                out.write(json.dumps(result) + "\n")
            done.append(result)
            print(_line(result), flush=True)
    given.page.write_text(page(done), encoding="utf-8")


def _line(result: dict[str, Any]) -> str:
    case = result["case"]
    scores = " -> ".join(f"{result[when]['sampled']['mean']:.3f}" for when in ("before", "after"))
    return f"{case['family']} {case['policy']} seed {case['seed']} {case['parameters']} {case['baseline']}: {scores}"


if __name__ == "__main__":
    main()
