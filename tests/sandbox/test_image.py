import subprocess
import sys
import zipfile

import pytest

from burnish.core.errors import InvalidRequest
from burnish.core.outcome import Outcome
from burnish.sandbox.cell import Cell
from burnish.sandbox.image import TAG, Image, known, listed, modules
from tests.sandbox.cells import LIMITS, any_backend


def wheel(directory, name):
    """A package of one module, as a wheel."""
    path = directory / f"{name}-1.0-py3-none-any.whl"
    told = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "ANSWER = 42\n")
        archive.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{told}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{told}/RECORD", "")
    return path


def test_the_list_is_openais():
    assert known() == [TAG]
    found = modules(listed(TAG))
    assert len(found) == 16
    assert (found["sklearn"], found["yaml"], found["numpy"]) == ("scikit-learn", "pyyaml", "numpy")


def test_an_unknown_image_is_refused_with_those_there_are():
    with pytest.raises(InvalidRequest, match="no grader image '2024'; there is 2025-05-08"):
        listed("2024")


def test_what_is_not_installed_has_no_packages_and_names_the_command(tmp_path):
    image = Image(tmp_path)
    assert image.packages() is None
    assert image.report() is None
    assert "burnish graders install 2025-05-08" in str(image.hint("sklearn.metrics"))
    assert image.hint("nowhere") is None


@pytest.mark.slow
def test_what_can_be_installed_is_and_the_rest_is_told(tmp_path, monkeypatch):
    """Without an index: pip finds the one wheel, and not the other package."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel(tmp_path, "tinything").parent))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    said: list[str] = []
    image = Image(tmp_path / "data")
    done = image.install("# two\ntinything==1.0\nnowhere==2.0  # import nowhere_\n", said.append)
    assert done.installed == ("tinything==1.0",)
    assert list(done.failed) == ["nowhere==2.0"]
    assert "Could not find a version that satisfies the requirement nowhere==2.0" in done.failed["nowhere==2.0"]
    assert image.report() == done
    assert said[-1] == "installing nowhere==2.0"
    packages = image.packages()
    assert packages is not None and (packages / "tinything.py").exists()
    assert "could not be installed here" in str(image.hint("rdkit"))
    version = subprocess.run(
        [image.directory / "bin/python", "-c", "import sys; print(sys.version)"], capture_output=True
    )
    assert version.stdout.decode().strip() == sys.version
    cell = Cell(any_backend(), "import tinything\ndef grade(sample, item): return tinything.ANSWER", LIMITS, image)
    assert cell.grade({}, {}) == Outcome(42.0)
    cell.close()
