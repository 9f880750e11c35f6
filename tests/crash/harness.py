"""A job on the tiny model, whose processes are killed again and again: `python -m tests.crash.harness --kills 200`.

With `--signal TERM` they are told to end instead, each in turn at everything that the job is at.

Every job must end with the very bits of an undisturbed one: weights, checkpoints, answers, scores, events. Killed are
the run, the worker, the server or all that there is at once, with SIGKILL, at random moments or while the job is at
something; and nothing may be left of it: no process, no file. Linux only.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from burnish.cli.serve import RESTARTS
from burnish.sandbox.choice import choose
from burnish.settings import Grading
from burnish.work.worker import DEATHS
from tests.crash import family
from tests.crash.moments import MOMENTS, Moment, Observer
from tests.crash.site import JOB, Site, undisturbed, until

Victim = Literal["run", "worker", "server", "group"]
VICTIMS: tuple[Victim, ...] = ("run", "worker", "server", "group")
TOLD: tuple[Victim, ...] = ("run", "worker", "server")
"""Who is told to end, in turn."""
AIMS: tuple[Moment, ...] = ("sampling", "grading", "training", "checkpointing", "writing events")
STAGES: tuple[Moment, ...] = ("starting", *AIMS)
PATIENCE_S = 60.0
"""How long a moment or a victim is waited for."""


@dataclass(frozen=True)
class Deed:
    """One kill."""

    victim: Victim
    moment: Moment
    step: int
    """The last that was written down; -1: none."""
    aim: Moment | None
    """What was waited for; None: a random time."""


@dataclass
class Hunt:
    """The kills of one job, drawn by the seed."""

    site: Site
    observer: Observer
    rng: random.Random
    kills: int
    number: signal.Signals = signal.SIGKILL
    deeds: list[Deed] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def carry_out(self) -> None:
        """Start the server as often as it is killed, and kill, until the kills are used up and the job has ended."""
        while not self.site.is_done:
            with self.site.server() as server:
                losses = 0
                while server.poll() is None and not self.site.is_done:
                    if len(self.deeds) == self.kills:
                        until(lambda: self.site.is_done)
                        break
                    # A server gives up on a worker that dies again and again: it is itself killed before.
                    victims = VICTIMS if losses < RESTARTS - 1 else ("server", "group")
                    deed = self._kill(server, *self._draw(victims))
                    losses += deed is not None and deed.victim == "worker"

    def _draw(self, victims: tuple[Victim, ...]) -> "tuple[Victim, Moment | None]":
        """Whom to kill, and what at; None: at any time."""
        if self.number is signal.SIGTERM:
            place = len(self.deeds)
            return TOLD[(place + place // len(STAGES)) % len(TOLD)], STAGES[place % len(STAGES)]
        return self.rng.choice(victims), self._aim()

    def _kill(self, server: "subprocess.Popen[bytes]", victim: Victim, aim: Moment | None) -> Deed | None:
        """At a moment; None: the job ended before."""
        self._wait_for(aim)
        pids: list[int] = []
        deadline = time.monotonic() + PATIENCE_S
        while not (pids := self._pids(victim, server)):
            if self.site.is_done or time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        moment, step = self.observer.moment()
        if self.site.is_done:
            return None
        family.strike(pids, self.number)
        if server.pid in pids:
            server.wait()
            if self.number is signal.SIGTERM:
                self.complaints += [f"a {role} outlived its server" for role in ("worker", "run") if family.who(role)]
        self.deeds.append(Deed(victim, moment, step, aim))
        return self.deeds[-1]

    def _aim(self) -> Moment | None:
        """What to kill at; None: at any time. Now and then before the first step, or after the last."""
        if self.deeds == [] and self.rng.random() < 0.4:
            return "validating or queued"
        if len(self.deeds) == self.kills - 1 and self.rng.random() < 0.4:
            return "publishing"
        return self.rng.choice(AIMS) if self.rng.random() < 0.75 else None

    def _wait_for(self, aim: Moment | None) -> None:
        """For the moment, and a little; longer where the job has hardly got a step further since it last died."""
        if self.site.store.jobs.require(JOB).deaths >= DEATHS - 1:
            until(self._is_out_of_danger)
        if aim is None:
            self.observer.watch(self.rng.uniform(0, 5))
            return
        deadline = time.monotonic() + PATIENCE_S
        while self.observer.moment()[0] != aim and not self.site.is_done and time.monotonic() < deadline:
            time.sleep(0.002)
        if self.number is signal.SIGKILL:
            time.sleep(self.rng.choice((0.0, self.rng.uniform(0, 0.02))))

    def _is_out_of_danger(self) -> bool:
        self.observer.moment()
        return self.site.store.jobs.require(JOB).deaths == 0 or self.site.is_done

    def _pids(self, victim: Victim, server: "subprocess.Popen[bytes]") -> list[int]:
        match victim:
            case "server":
                return [server.pid]
            case "group":
                return list(family.living())
            case _:
                return family.who(victim)[-1:]


@dataclass
class Report:
    """What came of one job."""

    seed: int
    sandbox: str
    deeds: list[Deed]
    attempts: int
    recoveries: int
    complaints: list[str]
    """Empty: all is as if nothing had happened."""


def hunted(site: Site, seed: int, kills: int, number: signal.Signals, wanted: dict[str, Any]) -> Report:
    """The job under that many kills, and what is wrong with it afterwards."""
    hunt = Hunt(site, Observer(site, wanted["answers"]), random.Random(seed), kills, number)
    hunt.carry_out()
    complaints = [*hunt.complaints, *differences(site, wanted), *site.faults(), *remains(site)]
    job = site.store.jobs.require(JOB)
    return Report(seed, site.sandbox, hunt.deeds, job.attempt, site.recoveries, complaints)


def differences(site: Site, wanted: dict[str, Any]) -> list[str]:
    """What is not as in the undisturbed job."""
    found = site.outcome()
    return [f"the {name} differ" for name in wanted if found[name] != wanted[name]]


def remains(site: Site) -> list[str]:
    """Processes and files that are still there when the server was ended, and started and ended once more."""
    left = [f"orphan: {command}" for command in family.orphans(PATIENCE_S)]
    site.let_an_hour_pass()
    with site.server():
        try:
            until(lambda: site.leftovers() == [], PATIENCE_S)
        except TimeoutError:
            left += [f"left: {name}" for name in site.leftovers()]
    return left + [f"orphan: {command}" for command in family.orphans(PATIENCE_S)]


def reports(root: Path, kills: int, per_job: int, seed: int, number: signal.Signals) -> Iterator[Report]:
    """Of job after job, until the kills are used up. The directory of a job that went well is removed."""
    wanted = undisturbed(root / "undisturbed")
    has_sandbox = choose(Grading()).backend is not None
    done = 0
    while done < kills:
        site = Site(root / str(seed), "auto" if has_sandbox and seed % 2 else "unsafe-none")
        report = hunted(site, seed, min(per_job, kills - done), number, wanted)
        yield report
        done, seed = done + len(report.deeds), seed + 1
        shutil.rmtree(root / str(report.seed))


def summary(found: list[dict[str, Any]]) -> str:
    """The kills by moment and victim, and what came of them."""
    deeds = [deed for report in found for deed in report["deeds"]]
    counts = Counter((deed["moment"], deed["victim"]) for deed in deeds)
    lines = ["| while | " + " | ".join(VICTIMS) + " | all |", "|---|" + "---|" * (len(VICTIMS) + 1)]
    for moment in MOMENTS:
        row = [counts[moment, victim] for victim in VICTIMS]
        lines.append(f"| {moment} | " + " | ".join(map(str, [*row, sum(row)])) + " |")
    row = [sum(deed["victim"] == victim for deed in deeds) for victim in VICTIMS]
    lines.append("| all | " + " | ".join(map(str, [*row, sum(row)])) + " |")
    bad = [report for report in found if report["complaints"]]
    aimed = sum(deed["aim"] is not None for deed in deeds)
    runs, recoveries = (sum(report[name] for report in found) for name in ("attempts", "recoveries"))
    lines.append(f"{len(deeds)} kills over {len(found)} jobs, {aimed} aimed; {runs} runs, {recoveries} recoveries; ")
    lines[-1] += f"wrong: {bad}" if bad else "every bit as if there had been none, and nothing left"
    return "\n".join(lines) + "\n"


def main() -> None:
    """Kill until the number is reached, job after job; any complaint ends with an error."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--kills", type=int, default=200, help="in all")
    flags.add_argument("--per-job", type=int, default=12)
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--record", type=Path, help="a file with a line per job; what stands in it is not done again")
    flags.add_argument("--signal", choices=("KILL", "TERM"), default="KILL")
    given = flags.parse_args()
    number = signal.Signals[f"SIG{given.signal}"]
    recorded = given.record.read_text().splitlines() if given.record and given.record.exists() else []
    found = [json.loads(line) for line in recorded]
    family.adopt_orphans()
    root = Path(tempfile.mkdtemp(prefix="crash-"))
    left = given.kills - sum(len(report["deeds"]) for report in found)
    for report in reports(root, left, given.per_job, given.seed + len(found), number):
        found.append(json.loads(json.dumps(asdict(report))))
        if given.record:
            with given.record.open("a") as out:
                out.write(json.dumps(found[-1]) + "\n")
        kills = [f"{deed.victim} while {deed.moment} after step {deed.step}" for deed in report.deeds]
        sys.stdout.write(f"seed {report.seed}: {', '.join(kills)}\n")
        sys.stdout.flush()
        if report.complaints:
            sys.exit(f"{summary(found)}seed {report.seed}, kept in {root}: {report.complaints}")
    shutil.rmtree(root)
    sys.stdout.write(summary(found))


if __name__ == "__main__":
    main()
