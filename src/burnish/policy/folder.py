"""Directories of a model's files: written aside and renamed whole, named file by file with their digests."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError

from burnish.core.errors import BurnishError, StoreUnavailable


def write_folder(directory: Path, fill: Callable[[Path], None]) -> dict[str, str]:
    """Have `fill` write the files, then put them in place at once; file name -> sha256.

    A directory that is there already is replaced. A crash leaves either the old one or a `.part` beside it. Raises
    `StoreUnavailable` where the disk does not take them.
    """
    aside = directory.with_name(directory.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        fill(aside)
        digests = digests_of(aside)
        shutil.rmtree(directory, ignore_errors=True)
        aside.rename(directory)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StoreUnavailable(f"The files of {directory} cannot be written: {error}.") from error
    return digests


def digests_of(directory: Path) -> dict[str, str]:
    """File name -> sha256, of every file in the directory itself."""
    names = sorted(path.name for path in directory.iterdir() if path.is_file())
    return {name: _sha256(directory / name) for name in names}


def check_folder(directory: Path, files: Mapping[str, str]) -> None:
    """Raise unless every named file is there with its digest."""
    for name, digest in files.items():
        path = directory / name
        if not path.is_file():
            raise BurnishError(f"{path} is missing.")
        if (found := _sha256(path)) != digest:
            raise BurnishError(f"{path} is not what was written: sha256 {found}, expected {digest}.")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
