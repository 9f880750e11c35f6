"""`python -m burnish.follow.wandb_run`: runs at Weights & Biases, one a job, under the job's own id.

Online, a run that is opened again goes on after the last step that Weights & Biases has. Offline, where nobody can be
asked, it is written anew and the earlier directory removed. Either way no step is there twice.
"""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import wandb

from burnish.core.job import JobStatus
from burnish.core.records import Job
from burnish.follow.apart import Apart
from burnish.follow.process import follow
from burnish.settings import Settings

INIT_TIMEOUT_S = 30.0
FINISH_TIMEOUT_S = 30.0
"""Of both, how long the service may take; then it is a failure, and tried again."""


class WandbRun:
    """One job's run; to be opened in a process apart, for the library keeps hold of runs that have failed."""

    def __init__(self, job: Job, settings: Settings, *, init_timeout_s: float = INIT_TIMEOUT_S) -> None:
        asked = job.request["integrations"][0]["wandb"]
        self._root = settings.wandb.directory or settings.data_dir
        self._id = job.id
        is_offline = settings.wandb.is_offline
        self._root.mkdir(parents=True, exist_ok=True)
        self._clear()
        self._run = wandb.init(
            project=asked["project"],
            entity=asked["entity"],
            name=asked["name"] or job.id,
            tags=[*(asked["tags"] or ()), *default_tags(job)],
            id=job.id,
            resume=None if is_offline else "allow",
            config=config_of(job),
            settings=_wandb_settings(settings, self._root, init_timeout_s),
        )
        self.announcement: str | None = _announcement(self._run, is_offline=is_offline)
        self._next = self._run.step
        """The first step that is not there."""

    def write(self, step: int, at: int, values: Mapping[str, float]) -> None:
        """Add a step, unless Weights & Biases has it."""
        if step >= self._next:
            self._run.log({**values, "_timestamp": float(at)}, step=step, commit=True)

    def flush(self) -> None:
        """Nothing is held back: the library's own process has it, and sends it."""

    def close(self, job: Job) -> None:
        """Say how the job stands, and see to it that all has arrived. Raises where it has not."""
        self._run.summary.update(
            {"status": job.status.value, "fine_tuned_model": job.fine_tuned_model, "trained_tokens": job.trained_tokens}
        )
        is_wrong = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
        self._run.finish(exit_code=1 if is_wrong else 0)
        if not self._run.offline:
            self._clear()  # what was sent need not lie here too

    def drop(self) -> None:
        """The process that it was opened in ends (`follow/apart.py`), and with it the library's own."""

    def _clear(self) -> None:
        """Remove what is left of the run here; the job's events have it all."""
        for kind in ("run", "offline-run"):
            for path in (self._root / "wandb").glob(f"{kind}-*-{self._id}"):
                shutil.rmtree(path)


def default_tags(job: Job) -> list[str]:
    """Those that every run has; OpenAI's begin with `openai/`."""
    return ["burnish/finetune", f"burnish/{job.model}"[:64], f"burnish/{job.id}"]


def config_of(job: Job) -> dict[str, Any]:
    """What of a job stands in its run's configuration: what it was asked for and how that was understood."""
    grader = job.request["method"]["reinforcement"]["grader"]
    return {
        "job": job.id,
        "model": job.model,
        "training_file": job.training_file,
        "validation_file": job.validation_file,
        "suffix": job.suffix,
        "seed": job.seed,
        "metadata": dict(job.metadata or {}),
        "hyperparameters": dict(job.hyperparameters),
        "grader": {"type": grader["type"], "name": grader.get("name")},
        "plan": dict(job.plan or {}),
    }


def _wandb_settings(settings: Settings, root: Path, init_timeout_s: float) -> wandb.Settings:
    """Nothing of this process or machine is recorded: it is the job that is followed."""
    given: dict[str, Any] = {}
    if settings.wandb.api_key is not None:
        given["api_key"] = settings.wandb.api_key.get_secret_value()
    if settings.wandb.base_url is not None:
        given["base_url"] = settings.wandb.base_url
    return wandb.Settings(
        mode="offline" if settings.wandb.is_offline else "online",
        root_dir=str(root),
        reinit="create_new",
        init_timeout=init_timeout_s,
        finish_timeout=FINISH_TIMEOUT_S,
        finish_timeout_raises=True,
        console="off",
        silent=True,
        disable_git=True,
        disable_code=True,
        save_code=False,
        disable_job_creation=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        **given,
    )


def _announcement(run: wandb.Run, *, is_offline: bool) -> str:
    if is_offline:
        return f"Weights & Biases: run {run.id} is written offline, on the server"
    return f"Weights & Biases: {run.url}"


def main() -> None:
    """Follow jobs until told to stop."""
    settings = Settings()
    follow("wandb", partial(Apart, partial(WandbRun, settings=settings)), settings)


if __name__ == "__main__":
    main()
