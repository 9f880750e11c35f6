"""An upload's parts become a file."""

import hashlib
import time
from collections.abc import Iterator

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.records import StoredFile, Upload, UploadPart
from burnish.server.desk import Desk
from burnish.spec.upload import CompleteRequest
from burnish.store.files import file_blob
from burnish.store.places import part_blob
from burnish.store.uploads import Joint


def complete(desk: Desk, upload_id: str, request: CompleteRequest) -> tuple[Upload, StoredFile]:
    """Join the parts. What fails leaves the upload as it was, so that it can be tried again.

    Raises `NotFound` and `InvalidRequest`, which names the field that is wrong.
    """
    md5 = request.md5.lower() if request.md5 is not None else None
    joint = desk.store.uploads.begin(upload_id, request.part_ids, md5, now=time.time())
    if joint.upload.status == "completed":
        return joint.upload, _made(desk, joint)
    if joint.replaced is not None:
        desk.blobs.delete(file_blob(joint.replaced))
    found = _write(desk, joint)
    if md5 not in (None, found):
        desk.blobs.delete(file_blob(joint.file_id))
        raise InvalidRequest(
            f"The md5 of the parts in this order is {found}, but {md5} was sent.", param="md5", code="md5_mismatch"
        )
    try:
        upload = desk.store.uploads.finish(upload_id, _file(joint))
    except InvalidRequest:
        desk.blobs.delete(file_blob(joint.file_id))
        raise
    return upload, _made(desk, joint)


def _write(desk: Desk, joint: Joint) -> str:
    """Write the file's bytes; their md5. The parts are read as they are written, a piece at a time."""
    digest = hashlib.md5(usedforsecurity=False)

    def pieces() -> Iterator[bytes]:
        for part in joint.parts:
            for piece in _stream(desk, part):
                digest.update(piece)
                yield piece

    desk.blobs.put_pieces(file_blob(joint.file_id), pieces())
    return digest.hexdigest()


def _stream(desk: Desk, part: UploadPart) -> Iterator[bytes]:
    try:
        return desk.blobs.stream(part_blob(part.upload_id, part.id))
    except NotFound as error:
        desk.store.uploads.require_pending(part.upload_id)  # it ended while it was completed
        raise BurnishError(f"The bytes of part '{part.id}' are gone from the store. Add the part again.") from error


def _file(joint: Joint) -> StoredFile:
    upload, now = joint.upload, int(time.time())
    return StoredFile(
        id=joint.file_id,
        bytes=upload.bytes,
        created_at=now,
        filename=upload.filename,
        purpose=upload.purpose,
        project=upload.project,
        expires_at=now + upload.file_expires_s if upload.file_expires_s is not None else None,
    )


def _made(desk: Desk, joint: Joint) -> StoredFile:
    """The file as it stands: an earlier request may have made it."""
    file = desk.store.files.get(joint.file_id)
    if file is None:
        raise NotFound(f"No such File object: {joint.file_id}", param="upload_id", code="file_not_found")
    return file
