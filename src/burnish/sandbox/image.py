"""The packages that OpenAI documents for graders, in an environment of their own: their pins would clash with ours."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from burnish.core.errors import InvalidRequest

TAG = "2025-05-08"
"""The one image that OpenAI documents. Graders get it, once it is installed, whether they name it or not."""
_LISTS = Path(__file__).parent / "images"
_REPORT = "installed.json"
_PIN = re.compile(r"(?P<pin>(?P<package>[\w.-]+)==\S+)(?:\s+# import (?P<module>\w+))?")


@dataclass(frozen=True, slots=True)
class Installation:
    """What an installation came to."""

    installed: tuple[str, ...]
    failed: Mapping[str, str]
    """Pin -> why it could not be installed."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a data directory, installed or not."""

    data_dir: Path
    tag: str = TAG

    @property
    def directory(self) -> Path:
        """Where its environment lies."""
        return self.data_dir.resolve() / "graders" / self.tag

    def packages(self) -> Path | None:
        """The directory that its modules are imported from; None where it is not installed."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        found = self.directory / "lib" / version / "site-packages"
        return found if (self.directory / _REPORT).exists() and found.exists() else None

    def report(self) -> Installation | None:
        """What its installation came to; None where it is not installed."""
        path = self.directory / _REPORT
        if not path.exists():
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
        return Installation(tuple(told["installed"]), told["failed"])

    def hint(self, module: str) -> str | None:
        """What to do about a module that was not found; None where it is none of the image's."""
        package = modules(listed(self.tag)).get(module.partition(".")[0])
        if package is None:
            return None
        if self.packages() is None:
            return f"'{package}' belongs to the image {self.tag}; `burnish graders install {self.tag}` installs it."
        return f"'{package}' belongs to the image {self.tag}, but could not be installed here; see `burnish doctor`."

    def install(self, pins: str, say: Callable[[str], None]) -> Installation:
        """Build its environment anew with the running interpreter; what cannot be installed is left out and told.

        Raises `OSError` and `CalledProcessError` where there is no environment at all.
        """
        wanted = [match["pin"] for match in _PIN.finditer(_without_comment_lines(pins))]
        shutil.rmtree(self.directory, ignore_errors=True)
        say(f"making {self.directory}")
        venv.create(self.directory, with_pip=True)
        say(f"installing {len(wanted)} packages")
        failed = {} if self._pip(wanted) is None else self._one_by_one(wanted, say)
        done = Installation(tuple(pin for pin in wanted if pin not in failed), failed)
        told = json.dumps({"installed": done.installed, "failed": failed}, indent=1)
        (self.directory / _REPORT).write_text(told, encoding="utf-8")
        return done

    def _one_by_one(self, pins: list[str], say: Callable[[str], None]) -> dict[str, str]:
        failed = {}
        for pin in pins:
            say(f"installing {pin}")
            complaint = self._pip([pin], beside=[other for other in pins if other != pin])
            if complaint is not None:
                failed[pin] = complaint
        return failed

    def _pip(self, pins: list[str], beside: Sequence[str] = ()) -> str | None:
        """Install; what the pins need is taken in the versions that go with those beside them.

        The complaint; None where all went well.
        """
        constraints = self.directory / "constraints.txt"
        constraints.write_text("\n".join(beside) + "\n", encoding="utf-8")
        command = [str(self.directory / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        done = subprocess.run(
            [*command, "--prefer-binary", "-c", str(constraints), *pins],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode == 0:
            return None
        complaints = [line for line in done.stderr.splitlines() if line.strip().startswith("ERROR:")]
        return (complaints or done.stderr.strip().splitlines() or ["pip failed"])[0].strip()


def listed(tag: str) -> str:
    """The pins of an image, as its file holds them. Raises `InvalidRequest` for an unknown one."""
    path = _LISTS / f"{tag}.txt"
    if tag not in known():
        raise InvalidRequest(f"There is no grader image '{tag}'; there is {', '.join(known())}.", param="image_tag")
    return path.read_text(encoding="utf-8")


def known() -> list[str]:
    """The images whose pins we have."""
    return sorted(path.stem for path in _LISTS.glob("*.txt"))


def modules(pins: str) -> dict[str, str]:
    """Name in `import` -> package."""
    found = _PIN.finditer(_without_comment_lines(pins))
    return {match["module"] or match["package"]: match["package"] for match in found}


def _without_comment_lines(pins: str) -> str:
    return os.linesep.join(line for line in pins.splitlines() if not line.startswith("#"))
