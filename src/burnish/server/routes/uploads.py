"""/v1/uploads: files that come in parts."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile

from burnish.core.errors import InvalidRequest, TooLarge
from burnish.core.ids import new_id
from burnish.core.records import Upload, UploadPart
from burnish.server import wire
from burnish.server.assembly import complete
from burnish.server.desk import AtDesk, Desk
from burnish.spec.upload import PART_BYTES, CompleteRequest, UploadRequest
from burnish.store.places import part_blob

Json = Any
LIFE_S = 3600
"""How long an upload may be pending."""


def router() -> APIRouter:
    """The routes of uploads."""
    api = APIRouter(prefix="/v1/uploads", tags=["Uploads"])

    @api.post("")
    def create(body: UploadRequest, desk: AtDesk) -> dict[str, Json]:
        """Begin an upload; it takes parts for an hour."""
        desk.expire()
        limit = desk.settings.max_file_bytes
        if body.bytes > limit:
            raise TooLarge(
                f"The file is to have {body.bytes} bytes; at most {limit} are allowed.",
                param="bytes",
                code="file_too_large",
            )
        upload = _new_upload(body, desk.caller.project)
        desk.store.uploads.insert(upload)
        return wire.upload(upload)

    @api.post("/{upload_id}/parts")
    def add_part(upload_id: str, data: Annotated[UploadFile, File()], desk: AtDesk) -> dict[str, Json]:
        """Add some bytes. Parts may come side by side: their order is told at the end."""
        desk.expire()
        desk.store.uploads.require_pending(upload_id)
        _check_size(data.size or 0)
        return wire.upload_part(_store(desk, upload_id, data))

    @api.post("/{upload_id}/complete")
    def complete_upload(upload_id: str, body: CompleteRequest, desk: AtDesk) -> dict[str, Json]:
        """Make a file of the parts."""
        desk.expire()
        upload, file = complete(desk, upload_id, body)
        return wire.upload(upload, file)

    @api.post("/{upload_id}/cancel")
    def cancel(upload_id: str, desk: AtDesk) -> dict[str, Json]:
        """End an upload without a file; its parts go."""
        desk.expire()
        return wire.upload(desk.store.uploads.cancel(upload_id))

    return api


def _new_upload(body: UploadRequest, project: str) -> Upload:
    now = int(time.time())
    return Upload(
        id=new_id("upload_"),
        bytes=body.bytes,
        created_at=now,
        expires_at=now + LIFE_S,
        filename=body.filename,
        purpose=body.purpose,
        project=project,
        file_expires_s=body.expires_after.seconds if body.expires_after is not None else None,
    )


def _check_size(size: int) -> None:
    if size > PART_BYTES:
        raise TooLarge(
            f"The part has {size} bytes; at most {PART_BYTES} are allowed.", param="data", code="part_too_large"
        )
    if size == 0:
        raise InvalidRequest("The part has no bytes.", param="data", code="invalid_value")


def _store(desk: Desk, upload_id: str, data: UploadFile) -> UploadPart:
    part_id = new_id("part_")
    path = part_blob(upload_id, part_id)
    written = desk.blobs.put(path, data.file)
    part = UploadPart(part_id, upload_id, int(time.time()), written.bytes)
    try:
        desk.store.uploads.add_part(part)
    except InvalidRequest:  # it ended meanwhile, or has too many bytes
        desk.blobs.delete(path)
        raise
    return part
