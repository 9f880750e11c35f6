"""Whether memory and open files stay flat over a long job: `python -m benchmarks.longrun --steps 200`.

One job on the tiny model, with a validation pass and a checkpoint every ten steps, while a client reads events and
chats with the base and the newest checkpoint. Every few steps the resident memory and the open files of the server, the
inference process, the worker and the run are read from /proc. The exit code is 1 where a process's last readings lie
more than `ALLOWED` above those after the warm-up, or it has more files open.

On processors with bfloat16 torch keeps a compiled kernel for each of the last 1,024 shapes of a matrix product, in two
caches. They fill over some 300 steps, and would hide a leak as small as a megabyte a step; so here they hold `SHAPES`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import openai

from benchmarks.site import ROW, Site, job_body, site
from burnish.store.store import open_store

ALLOWED = 0.05
"""Growth of resident memory, as a share, that is no leak yet."""
FILES_ALLOWED = 3
WARM_UP = 0.25
"""Share of the steps after which caches are full and pools have grown."""
SHAPES = 32
CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
EPOCHS, VALID_ROWS = 10, 10
NAMES = ("server", "infer", "worker", "run")


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one process at one moment."""

    step: int
    memory_mib: float
    """Resident."""
    files: int
    """Open ones, sockets and pipes included."""
    threads: int


def reading_of(pid: int, step: int) -> Reading | None:
    """None where the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return None
    values = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in values:  # it has ended and is not waited for yet
        return None
    return Reading(step, int(values["VmRSS"].split()[0]) / 1024, files, int(values["Threads"]))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]


def run(directory: Path, *, steps: int, every: int, shapes: int = SHAPES) -> dict[str, list[Reading]]:
    """The readings of each process, in the order of the steps."""
    readings: dict[str, list[Reading]] = {name: [] for name in NAMES}
    environment = dict.fromkeys(CACHES, str(shapes))
    with (
        site(directory, workers=1, environment=environment) as there,
        openai.OpenAI(base_url=there.base_url, api_key="none") as api,
    ):
        store = open_store(there.settings)
        train, valid = (
            api.files.create(file=("rows.jsonl", ROW * rows), purpose="fine-tune").id
            for rows in (2 * steps // EPOCHS, VALID_ROWS)
        )
        _ask(api, "tiny")  # its process takes a while to come up, and the steps of a small model do not wait for it
        job = api.fine_tuning.jobs.create(**job_body(train, valid, n_epochs=EPOCHS, eval_interval=10)).id
        due = 0
        while (found := api.fine_tuning.jobs.retrieve(job)).status not in ("succeeded", "failed", "cancelled"):
            step = store.jobs.last_step(job)
            if step >= due and found.status == "running" and step > 0 and (read := _read(there, step)):
                for name, reading in read.items():
                    readings[name].append(reading)
                due = step + every
            _use(api, job)
            there.check()
            time.sleep(0.2)
        store.close()
    if found.status != "succeeded":
        raise RuntimeError(f"the job {found.status}: {found.error}")
    return readings


def faults_of(name: str, readings: Sequence[Reading]) -> list[str]:
    """What grew."""
    settled = [each for each in readings if each.step >= WARM_UP * readings[-1].step]
    third = max(1, len(settled) // 3)
    before, after = settled[:third], settled[-third:]
    faults = []
    memory = [sum(each.memory_mib for each in part) / len(part) for part in (before, after)]
    if memory[1] > memory[0] * (1 + ALLOWED):
        faults.append(f"{name}: resident memory grew from {memory[0]:.0f} to {memory[1]:.0f} MiB")
    files = [max(each.files for each in part) for part in (before, after)]
    if files[1] > files[0] + FILES_ALLOWED:
        faults.append(f"{name}: open files grew from {files[0]} to {files[1]}")
    return faults


def table(readings: dict[str, list[Reading]]) -> list[str]:
    """Memory in MiB / open files, a line for a step."""
    lines = ["step   " + "".join(f"{name:>14}" for name in NAMES)]
    for group in zip(*readings.values(), strict=False):
        cells = [f"{each.memory_mib:.1f} / {each.files}" for each in group]
        lines.append(f"{group[0].step:<7}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def _read(there: Site, step: int) -> dict[str, Reading]:
    """A reading of every process; none where one of them is not there."""
    [worker] = there.workers
    pids = {"server": there.server.pid, "worker": worker.pid}
    pids["infer"] = _child_of(_child_of(there.server.pid))  # the base's process, not the one that keeps it
    pids["run"] = _child_of(worker.pid)
    found = {name: reading for name in NAMES if (reading := reading_of(pids[name], step)) is not None}
    return found if len(found) == len(NAMES) else {}


def _child_of(pid: int) -> int:
    """The first process that a process has started; 0 where there is none."""
    return next(iter(children_of(pid)), 0) if pid else 0


def _use(api: openai.OpenAI, job: str) -> None:
    """What a client does meanwhile."""
    api.fine_tuning.jobs.list_events(job, limit=50)
    checkpoints = api.fine_tuning.jobs.checkpoints.list(job, limit=1).data
    for model in ["tiny", *(each.fine_tuned_model_checkpoint for each in checkpoints)]:
        try:
            _ask(api, model)
        except openai.NotFoundError:  # a better checkpoint took its place in this moment
            continue


def _ask(api: openai.OpenAI, model: str) -> None:
    api.chat.completions.create(model=model, messages=[{"role": "user", "content": "Say e."}], max_tokens=8)


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except FileNotFoundError:  # the thread has ended
        return []


def main() -> None:
    """Print a line every few steps' worth, and what grew."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--steps", type=int, default=200)
    flags.add_argument("--every", type=int, default=10, help="steps between readings")
    flags.add_argument("--shapes", type=int, default=SHAPES, help="of matrix products whose kernels are kept")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        readings = run(Path(directory), steps=given.steps, every=given.every, shapes=given.shapes)
    faults = [fault for name, found in readings.items() for fault in faults_of(name, found)]
    print("\n".join([*table(readings), *faults]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
