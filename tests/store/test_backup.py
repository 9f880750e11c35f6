import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from burnish.core.errors import BurnishError, InvalidRequest
from burnish.core.job import JobStatus
from burnish.core.records import Job, NewEvent, StoredSnapshot, UploadPart
from burnish.core.rollout import Grade, SampleKey
from burnish.store.backup import backup, restore
from burnish.store.blobs import Blobs, Written, blobs_in
from burnish.store.leaving import Leaving
from burnish.store.named import named
from burnish.store.places import part_blob, rollouts_blob, snapshot_blob
from burnish.store.store import Store, store_at
from burnish.store.tables import schema
from tests.postgres import Server
from tests.rows import NOW, checkpoint, file, job, model, model_name, upload

JOB = "ftjob-a"


@dataclasses.dataclass
class Site:
    """A store with a running job, which can be taken a step further."""

    store: Store
    blobs: Blobs
    job: Job
    step: int = 0
    kept: tuple[StoredSnapshot, ...] = ()

    def go_on(self) -> None:
        """As the journal does: bytes, then rows, then the older snapshot and the older checkpoint go."""
        self.step += 1
        step, blob = self.step, f"models/{self.step}"
        weights = f"weights of step {step}".encode()
        self.blobs.put(rollouts_blob(JOB, step), b"{}\n")
        self.blobs.put(f"{snapshot_blob(JOB, step)}/weights", weights)
        self.blobs.put(f"{blob}/config", b"{}")
        self.blobs.put(f"{blob}/weights", weights)
        snapshot = StoredSnapshot(step, step, {"weights": hashlib.sha256(weights).hexdigest()}, "here")
        dropped = [checkpoint(JOB, step - 1)] if step > 1 else []
        leaving = Leaving(
            [NewEvent(f"Step {step}")], [checkpoint(JOB, step)], [model(JOB, step)], dropped_checkpoints=dropped
        )
        fields = {"snapshots": (snapshot, *self.kept)[:2]}
        self.store.jobs.commit_step(JOB, self.job.attempt, step, now=NOW, fields=fields, leaving=leaving)  # type: ignore[arg-type]
        for old in self.kept[1:]:
            self.blobs.delete_directory(snapshot_blob(JOB, old.step))
        self.blobs.delete_directory(f"models/{step - 1}")
        self.kept = fields["snapshots"]


@pytest.fixture
def site(store: Store, tmp_path: Path) -> Site:
    blobs = blobs_in(tmp_path / "blobs")
    blobs.put("files/file-1", b"{}")
    store.files.insert(file("file-1", bytes=2))
    store.keys.create("laptop", now=NOW)
    store.jobs.insert(job(JOB, status=JobStatus.QUEUED, metadata={"team": "a"}), NewEvent("created"))
    store.grades.put(SampleKey(JOB, "train", 1, 1, 0), "digest", Grade("exact", "string_check", 0.1), 1)
    claimed = store.jobs.claim("w", [JobStatus.QUEUED], 60, NOW)
    assert claimed is not None
    site = Site(store, blobs, claimed)
    for _ in range(3):
        site.go_on()
    store.permissions.create(model_name(3), ["b"], now=NOW)
    return site


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], tuple[Store, Blobs]]]:
    """Makes an empty store of either kind."""
    made: list[Store] = []

    def make(kind: str = "sqlite") -> tuple[Store, Blobs]:
        number = len(made)
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path}/empty-{number}.db"
        else:
            running: Server = request.getfixturevalue("postgres")
            url = running.new_database()
        made.append(store_at(url))
        return made[-1], blobs_in(tmp_path / f"empty-{number}")

    yield make
    for each in made:
        each.close()


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table)).all()), key=repr)
            for table in schema.sorted_tables
        }


def lost(store: Store, blobs: Blobs) -> list[str]:
    """What the rows name and the bytes are not there for."""
    with store.database.read() as connection:
        wanted = named(connection)
    missing = [directory for directory in wanted.directories if blobs.paths(directory) == []]
    for path, expected in wanted.paths.items():
        data = blobs.get(path) if blobs.has(path) else None
        if data is None or not expected.fits(Written(len(data), hashlib.sha256(data).hexdigest())):
            missing.append(path)
    return missing


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_restores_into_either_database(site: Site, tmp_path: Path, empty, kind: str):
    copied = backup(site.store, site.blobs, tmp_path / "copy")
    assert copied.damaged == ()
    store, blobs = empty(kind)
    assert restore(tmp_path / "copy", store, blobs) == copied
    assert rows(store) == rows(site.store)
    assert lost(store, blobs) == []
    assert blobs.paths() == site.blobs.paths()
    assert store.jobs.last_step(JOB) == 3


def test_a_restored_store_counts_on(site: Site, tmp_path: Path, empty):
    backup(site.store, site.blobs, tmp_path / "copy")
    for kind in ("sqlite", "postgresql"):
        store, blobs = empty(kind)
        restore(tmp_path / "copy", store, blobs)
        store.jobs.insert(job("ftjob-b"), NewEvent("created"))
        store.files.insert(file("file-2"))
        assert [each.id for each in store.jobs.page().items] == ["ftjob-b", JOB]
        assert [each.id for each in store.files.page().items] == ["file-2", "file-1"]
        store.permissions.create(model_name(3), ["c"], now=NOW)
        assert [each.project for each in store.permissions.page(model_name(3)).items] == ["c", "b"]


def test_a_pending_upload_can_be_completed_in_the_restored_store(site: Site, tmp_path: Path, empty):
    for name in ("upload_a", "upload_over"):
        site.store.uploads.insert(upload(name))
        site.blobs.put(part_blob(name, f"part_{name}"), b"abcdef")
        site.store.uploads.add_part(UploadPart(f"part_{name}", name, NOW, 6))
    site.store.uploads.cancel("upload_over")
    assert backup(site.store, site.blobs, tmp_path / "copy").damaged == ()
    store, blobs = empty()
    restore(tmp_path / "copy", store, blobs)
    assert blobs.paths("uploads") == ["uploads/upload_a/part_upload_a"]
    joint = store.uploads.begin("upload_a", ["part_upload_a"], None, now=NOW)
    assert [part.bytes for part in joint.parts] == [6]


def test_bytes_that_no_row_names_stay_behind(site: Site, tmp_path: Path):
    site.blobs.put("models/half-written/config", b"{}")
    backup(site.store, site.blobs, tmp_path / "copy")
    assert not (tmp_path / "copy" / "blobs" / "models" / "half-written").exists()


class Interrupted(Blobs):
    """Blobs under which something happens before the first bytes are copied; what, tests put into `happening`."""

    happening: list[Callable[[], None]] = []  # noqa: RUF012 - one test at a time

    def fetch(self, path: str, target: Path) -> Written:
        if self.happening:
            self.happening.pop()()
        return super().fetch(path, target)


def test_bytes_that_are_dropped_meanwhile_take_their_rows_along(site: Site, tmp_path: Path, empty):
    def go_far() -> None:
        for _ in range(4):  # until nothing of what the rows named is there
            site.go_on()
        site.store.files.delete("file-1")
        site.blobs.delete("files/file-1")

    Interrupted.happening.append(go_far)
    copied = backup(site.store, Interrupted(site.blobs.store), tmp_path / "copy")
    assert copied.damaged == ()
    store, blobs = empty()
    restore(tmp_path / "copy", store, blobs)
    assert rows(store) == rows(site.store)
    assert lost(store, blobs) == []
    assert store.jobs.last_step(JOB) == 7


def test_every_row_has_its_bytes_however_busy_the_store_is(site: Site, tmp_path: Path, empty):
    stopping = threading.Event()

    def write() -> None:
        while not stopping.wait(0.02):
            site.go_on()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            assert backup(site.store, site.blobs, tmp_path / f"copy-{number}").damaged == ()
    finally:
        stopping.set()
        writer.join()
    for number in range(5):
        store, blobs = empty()
        restore(tmp_path / f"copy-{number}", store, blobs)
        assert lost(store, blobs) == []
        step = store.jobs.last_step(JOB)
        assert [event.message for event in store.events.all(JOB)] == [
            "created",
            *(f"Step {n + 1}" for n in range(step)),
        ]
        assert [each.step for each in store.checkpoints.all(JOB)] == [step]
        assert sorted(blobs.paths("models")) == [f"models/{step}/config", f"models/{step}/weights"]


def test_what_the_store_itself_has_lost_is_named(site: Site, tmp_path: Path):
    site.blobs.delete("files/file-1")
    site.blobs.put(f"{snapshot_blob(JOB, 3)}/weights", b"damaged")
    site.blobs.delete_directory("models/3")
    copied = backup(site.store, site.blobs, tmp_path / "copy")
    assert copied.damaged == ("files/file-1", "models/3/", "snapshots/ftjob-a/000003/weights")


def test_a_backup_is_there_whole_or_not_at_all(site: Site, tmp_path: Path):
    def fail() -> None:
        raise OSError(28, "No space left on device")

    Interrupted.happening.append(fail)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(BurnishError, match=r"copy cannot be read or written: .* No space left on device"):
        backup(site.store, Interrupted(site.blobs.store), tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_nothing_is_overwritten(site: Site, tmp_path: Path):
    (tmp_path / "copy").mkdir()
    with pytest.raises(InvalidRequest, match="is there already"):
        backup(site.store, site.blobs, tmp_path / "copy")
    backup(site.store, site.blobs, tmp_path / "other")
    with pytest.raises(InvalidRequest, match=r"holds rows in '.*'; it must be empty"):
        restore(tmp_path / "other", site.store, site.blobs)


def test_a_store_with_bytes_is_not_empty(site: Site, tmp_path: Path, empty):
    backup(site.store, site.blobs, tmp_path / "copy")
    store, blobs = empty()
    blobs.put("files/file-9", b"x")
    with pytest.raises(InvalidRequest, match="holds bytes under 'files/file-9'"):
        restore(tmp_path / "copy", store, blobs)


def test_an_empty_store_is_not_backed_up(tmp_path: Path, empty):
    with pytest.raises(InvalidRequest, match="The store holds nothing"):
        backup(*empty(), tmp_path / "copy")


@pytest.mark.parametrize("name", ["rows.db", "blobs/files/file-1"])
def test_a_damaged_backup_restores_nothing(site: Site, tmp_path: Path, empty, name: str):
    backup(site.store, site.blobs, tmp_path / "copy")
    (tmp_path / "copy" / name).write_bytes(b"?")
    store, blobs = empty()
    with pytest.raises(BurnishError, match=rf"{name} is not what was backed up.*Nothing was restored"):
        restore(tmp_path / "copy", store, blobs)
    assert blobs.paths() == []
    assert store.jobs.get(JOB) is None


def test_a_directory_that_is_no_backup_is_refused(tmp_path: Path, empty):
    with pytest.raises(BurnishError, match=r"is no backup: it has no backup\.json"):
        restore(tmp_path, *empty())


def test_a_backup_lists_what_it_holds(site: Site, tmp_path: Path):
    copied = backup(site.store, site.blobs, tmp_path / "copy")
    listed = json.loads((tmp_path / "copy" / "backup.json").read_text())
    assert listed["blobs/files/file-1"] == {"bytes": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    files = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert len(listed) == copied.blobs + 1 == len(files) - 1
    assert site.store.models.get(model_name(3)) is not None
