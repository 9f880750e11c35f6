"""/v1/burnish/files: whether a job would take a file, before there is a job."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fastapi import APIRouter

from burnish.core.errors import JobFailure
from burnish.server.desk import AtDesk
from burnish.server.routes.files import file_at
from burnish.spec.dataset import Role, broken_rows, lines_of, parse_file
from burnish.store.files import file_blob

Json = Any
PREVIEW = 5
"""Rows that are shown."""
ERRORS = 100
"""Broken rows that are told."""
LOOKED_AT = 100
"""Lines among which they are looked for."""


def router() -> APIRouter:
    """The route of file checks."""
    api = APIRouter(prefix="/v1/burnish/files", tags=["Burnish"])

    @api.get("/{file_id}/check")
    def check(file_id: str, desk: AtDesk, role: Role = "training_file") -> dict[str, Json]:
        """What a job would say of the file's rows; and the first of them."""
        data = desk.blobs.get(file_blob(file_at(desk, file_id).id))
        answer = {"object": "burnish.file_check", "file_id": file_id, "role": role, "preview": _preview(data)}
        try:
            found = parse_file(data, role, file_id)
        except JobFailure as failure:
            broken = broken_rows(data)
            told = {
                "broken_rows": len(broken),
                "errors": [{"line": each.line, "message": each.rule} for each in broken[:ERRORS]],
            }
            return answer | {"rows": None, "error": failure.message, **told, "warnings": []}
        told = {"broken_rows": 0, "errors": []}
        return answer | {"rows": len(found.items), "error": None, **told, "warnings": list(found.warnings)}

    return api


def _preview(data: bytes) -> list[Json]:
    """The first rows that are JSON."""
    return list(islice(_rows(lines_of(data, first=LOOKED_AT)), PREVIEW))


def _rows(lines: list[bytes]) -> Iterator[Json]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
