"""/v1/files: uploads as they come, checked only when a job uses them."""

import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import StreamingResponse

from burnish.core.errors import NotFound, TooLarge
from burnish.core.ids import new_id
from burnish.core.records import StoredFile
from burnish.server import wire
from burnish.server.desk import AtDesk, Desk
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.spec.upload import Purpose
from burnish.store.files import file_blob

Json = Any


def router() -> APIRouter:
    """The routes of files."""
    api = APIRouter(prefix="/v1/files", tags=["Files"])

    @api.post("")
    def upload(
        desk: AtDesk,
        file: Annotated[UploadFile, File()],
        purpose: Annotated[Purpose, Form()],
        anchor: Annotated[Literal["created_at"] | None, Form(alias="expires_after[anchor]")] = None,
        seconds: Annotated[int | None, Form(alias="expires_after[seconds]", ge=3600, le=2_592_000)] = None,
    ) -> dict[str, Json]:
        """Store a file; its content is checked by the job that uses it."""
        del anchor  # there is only one
        desk.expire()
        if file.size is not None and file.size > desk.settings.max_file_bytes:
            limit = desk.settings.max_file_bytes
            raise TooLarge(
                f"The file has {file.size} bytes; at most {limit} are allowed.", param="file", code="file_too_large"
            )
        return wire.file(_store(desk, file, purpose, seconds))

    @api.get("")
    def list_files(
        desk: AtDesk,
        after: After = None,
        limit: Limit = 10_000,
        order: Annotated[Literal["asc", "desc"], Query()] = "desc",
        purpose: Annotated[str | None, Query()] = None,
    ) -> dict[str, Json]:
        """Files by the time of their creation."""
        desk.expire()
        page = desk.store.files.page(after=after, limit=limit, order=order, purpose=purpose)
        return listed_with_ends(page, wire.file)

    @api.get("/{file_id}")
    def retrieve(file_id: str, desk: AtDesk) -> dict[str, Json]:
        """One file."""
        return wire.file(file_at(desk, file_id))

    @api.get("/{file_id}/content")
    def content(file_id: str, desk: AtDesk) -> StreamingResponse:
        """The bytes, as they were uploaded or written."""
        file = file_at(desk, file_id)
        headers = {
            "content-length": str(file.bytes),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.filename)}",
        }
        return StreamingResponse(_bytes(desk, file), media_type="application/octet-stream", headers=headers)

    @api.delete("/{file_id}")
    def delete(file_id: str, desk: AtDesk) -> dict[str, Json]:
        """Remove a file that no job needs which has not ended."""
        file = file_at(desk, file_id)
        desk.store.files.delete(file.id)
        desk.blobs.delete(file_blob(file.id))
        return wire.deleted(file.id, "file")

    return api


def _store(desk: Desk, file: UploadFile, purpose: str, seconds: int | None) -> StoredFile:
    now = int(time.time())
    file_id = new_id("file-")
    written = desk.blobs.put(file_blob(file_id), file.file)
    record = StoredFile(
        id=file_id,
        bytes=written.bytes,
        created_at=now,
        filename=file.filename or "file",
        purpose=purpose,
        project=desk.caller.project,
        expires_at=now + seconds if seconds is not None else None,
    )
    desk.store.files.insert(record)
    return record


def file_at(desk: Desk, file_id: str) -> StoredFile:
    """A file that is there for the caller. Raises `NotFound`."""
    desk.expire()
    file = desk.store.files.get(file_id)
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id", code="file_not_found")
    return file


def _bytes(desk: Desk, file: StoredFile) -> Iterator[bytes]:
    try:
        return desk.blobs.stream(file_blob(file.id))
    except NotFound as error:
        raise NotFound(f"The content of File {file.id} is gone.", param="id", code="file_not_found") from error
