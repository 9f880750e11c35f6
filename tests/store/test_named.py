import dataclasses

from burnish.core.job import JobStatus
from burnish.core.records import NewEvent, StoredSnapshot, UploadPart
from burnish.store.blobs import Written
from burnish.store.named import Expected, Named, named
from burnish.store.store import Store
from tests.rows import NOW, file, job, model, upload


def _named(store: Store) -> Named:
    with store.database.read() as connection:
        return named(connection)


def test_rows_name_files_models_answers_and_what_a_job_goes_on_from(store: Store):
    snapshot = StoredSnapshot(step=2, trained_tokens=9, files={"a": "d1", "b": "d2"}, fingerprint="here")
    for name, status in (("ftjob-a", JobStatus.PAUSED), ("ftjob-over", JobStatus.CANCELLED)):
        store.jobs.insert(job(name, snapshots=(snapshot,), status=status), NewEvent("created"))
    store.jobs.insert(job("ftjob-b", status=JobStatus.QUEUED), NewEvent("created"))
    claimed = store.jobs.claim("w", [JobStatus.QUEUED], 60, NOW)
    assert claimed is not None
    store.jobs.commit_step("ftjob-b", claimed.attempt, 1, now=NOW)
    store.files.insert(file("file-1", bytes=7))
    store.models.insert(model("ftjob-a", 3, blob="models/3"))
    for name in ("upload_a", "upload_over"):
        store.uploads.insert(upload(name, bytes=5))
        store.uploads.add_part(UploadPart(f"part_{name}", name, NOW, 5))
    store.uploads.cancel("upload_over")
    assert _named(store) == Named(
        {
            "files/file-1": Expected(bytes=7),
            "rollouts/ftjob-b/000001.jsonl": Expected(),
            "snapshots/ftjob-a/000002/a": Expected(sha256="d1"),
            "snapshots/ftjob-a/000002/b": Expected(sha256="d2"),
            "uploads/upload_a/part_upload_a": Expected(bytes=5),
        },
        frozenset({"models/3"}),
    )


def test_what_has_gone_or_changed_is_no_longer_named():
    before = Named({"a": Expected(sha256="1")}, frozenset({"m"}))
    assert before.is_within(Named({"a": Expected(sha256="1"), "b": Expected()}, frozenset({"m", "n"})))
    assert not before.is_within(Named({"a": Expected(sha256="2")}, frozenset({"m"})))
    assert not before.is_within(dataclasses.replace(before, directories=frozenset()))


def test_bytes_fit_what_is_known_of_them():
    written = Written(3, "digest")
    assert Expected().fits(written)
    assert Expected(bytes=3, sha256="digest").fits(written)
    assert not Expected(bytes=4).fits(written)
    assert not Expected(sha256="other").fits(written)
