"""`burnish doctor`: what this machine has of what Burnish needs."""

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from burnish.cli.tables import show
from burnish.settings import Settings

OLDEST_PYTHON = (3, 11)
EXTRAS = {
    "postgres": ("psycopg", "rows in PostgreSQL"),
    "wandb": ("wandb", "jobs followed at Weights & Biases"),
    "tensorboard": ("tensorboardX", "jobs followed in TensorBoard"),
    "embeddings": ("sentence-transformers", "embedding models served here"),
}
"""Optional extras of the package: what each installs, and what for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    verdict: Literal["ok", "warning", "broken"]
    """`warning`: it goes without; `broken`: something that is needed does not work."""
    what: str
    detail: str


def doctor(data_dir: Annotated[Path | None, typer.Option(help="The server's data directory.")] = None) -> None:
    """Look at Python, torch, the data directory, the settings and the sandbox; exit code 1 if something is broken."""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    found = list(findings(settings))
    show(("", "what", "found"), [(each.verdict, each.what, each.detail) for each in found], empty="")
    if any(each.verdict == "broken" for each in found):
        raise typer.Exit(1)


def findings(settings: Settings) -> Iterator[Finding]:
    """All of the report."""
    yield _python()
    yield _package("torch")
    yield _package("transformers")
    yield from extras()
    yield _settings_file()
    yield _data_dir(settings.data_dir)
    yield from sandboxes(settings)
    yield _image(settings.data_dir)


def sandboxes(settings: Settings) -> Iterator[Finding]:
    """Each backend, attacked now, and which of them python graders get."""
    from burnish.sandbox.choice import ORDER, Refusal, examine

    wanted = settings.grading.sandbox
    chosen = None
    for name in ORDER:
        found = examine(name)
        if isinstance(found, Refusal):
            yield Finding("warning", f"sandbox {name}", found.reason)
            continue
        yield Finding("ok", f"sandbox {name}", "stood every attack of the probe")
        if chosen is None and wanted in ("auto", name):
            chosen = name
    if wanted == "unsafe-none":
        yield Finding("warning", "python graders", "run WITHOUT any sandbox: grading.sandbox is 'unsafe-none'")
    elif wanted == "off":
        yield Finding("warning", "python graders", "refused: grading.sandbox is 'off'")
    elif chosen is None:
        yield Finding("broken", "python graders", f"refused: nothing keeps them in (grading.sandbox is '{wanted}')")
    else:
        yield Finding("ok", "python graders", f"run in {chosen} (grading.sandbox is '{wanted}')")


def _python() -> Finding:
    old = sys.version_info < OLDEST_PYTHON
    detail = f"{platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}"
    return Finding("broken" if old else "ok", "Python", detail)


def _package(name: str) -> Finding:
    try:
        return Finding("ok", name, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding("broken", name, f"not installed (pip install {name})")


def extras() -> Iterator[Finding]:
    """The optional extras, and what is missing without those that are not installed."""
    for extra, (package, purpose) in EXTRAS.items():
        try:
            yield Finding("ok", f"extra {extra}", f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            detail = f"not installed; {purpose} need it: pip install 'burnish[{extra}]'"
            yield Finding("warning", f"extra {extra}", detail)


def _settings_file() -> Finding:
    path = Path("burnish.toml").resolve()
    detail = str(path) if path.exists() else f"none at {path}; defaults and BURNISH_* hold"
    return Finding("ok", "settings file", detail)


def _data_dir(directory: Path) -> Finding:
    place = directory.resolve()
    while not place.exists():
        place = place.parent
    try:
        probe = place / f".burnish-{platform.node()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding("broken", "data directory", f"{directory.resolve()} cannot be written to: {error.strerror}")
    free = shutil.disk_usage(place).free // 2**30
    return Finding("ok", "data directory", f"{directory.resolve()}, {free} GiB free")


def _image(data_dir: Path) -> Finding:
    from burnish.sandbox.image import TAG, Image

    report = Image(data_dir).report()
    if report is None:
        return Finding("warning", f"grader image {TAG}", f"`burnish graders install {TAG}` installs its packages")
    left_out = "".join(f"; NOT {pin}: {reason}" for pin, reason in report.failed.items())
    return Finding(
        "warning" if report.failed else "ok", f"grader image {TAG}", f"{len(report.installed)} packages{left_out}"
    )
