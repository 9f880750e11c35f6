"""What has run out goes: rows first, then bytes."""

from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.places import upload_blobs
from burnish.store.store import Store


def expire(store: Store, blobs: Blobs, now: float) -> None:
    """Remove files whose time has run out, and what uploads leave that have ended in whatever way."""
    for file_id in store.files.expire(now):
        blobs.delete(file_blob(file_id))
    for upload in store.uploads.ended(now):
        blobs.delete_directory(upload_blobs(upload.id))
        if upload.file_id is not None:
            blobs.delete(file_blob(upload.file_id))
        store.uploads.clear(upload.id)
