"""Reads what the library of Weights & Biases wrote offline: LevelDB's log format, for which it has no reader."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

_HEADER = 7
"""Bytes of the file's own head, and of each record's: checksum, length, kind."""
_BLOCK = 32 * 1024
_WHOLE, _LAST = 1, 4


@dataclass(frozen=True)
class Written:
    """One run, as it lies on the disk."""

    run: Any
    config: dict[str, Any]
    rows: list[dict[str, Any]]
    summary: dict[str, Any]
    exit_code: int | None
    """None: it was not finished."""


def written(directory: Path) -> Written:
    """The one run below a directory."""
    (path,) = directory.glob("wandb/offline-run-*/*.wandb")
    run, rows, summary, exit_code = None, [], {}, None
    for record in _records(path.read_bytes()):
        match record.WhichOneof("record_type"):
            case "run":
                run = record.run
            case "history":
                rows.append(_items(record.history.item))
            case "summary":
                summary |= _items(record.summary.update)
            case "exit":
                exit_code = record.exit.exit_code
    assert run is not None
    config = {each.key: json.loads(each.value_json) for each in run.config.update}
    return Written(run, config, rows, summary, exit_code)


def _items(items: Any) -> dict[str, Any]:
    return {each.key or "/".join(each.nested_key): json.loads(each.value_json) for each in items}


def _records(data: bytes) -> Iterator[Any]:
    place, whole = _HEADER, b""
    while place + _HEADER <= len(data):
        if _BLOCK - place % _BLOCK < _HEADER:
            place += _BLOCK - place % _BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        whole += data[place + _HEADER : place + _HEADER + length]
        place += _HEADER + length
        if kind in (_WHOLE, _LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            yield record
            whole = b""
