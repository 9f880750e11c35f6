"""`python -m burnish.follow.event_file`: TensorBoard's event files, a directory a job, written without TensorFlow."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar

from burnish.core.records import Job
from burnish.follow.process import follow
from burnish.settings import Settings

_NAME = "events"
"""What TensorBoard's file names begin with."""


class EventFile:
    """One job's log: one file, written anew whenever it is opened.

    It begins with a mark that makes a TensorBoard which has read an earlier file forget that one's points.
    """

    announcement: str | None = None

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        earlier = list(directory.glob(f"{_NAME}.out.tfevents.*"))
        self._writer = EventsWriter(str(directory / _NAME), f".{os.getpid()}")
        self._is_marked = False
        for path in earlier:
            if path != Path(self._writer._file_name):
                path.unlink()

    def write(self, step: int, at: int, values: Mapping[str, float]) -> None:
        """Add a step's points as scalars."""
        if not self._is_marked:
            self._writer.write_event(Event(wall_time=at, step=0, session_log=SessionLog(status=SessionLog.START)))
            self._is_marked = True
        for name, value in values.items():
            self._writer.write_event(Event(wall_time=at, step=step, summary=scalar(name, value)))

    def flush(self) -> None:
        """On to the disk."""
        self._writer.flush()

    def close(self, _job: Job) -> None:
        """The file stays as it is."""
        self._writer.close()

    def drop(self) -> None:
        """The next one replaces it."""
        self._writer.close()


def event_file(directory: Path, job: Job) -> EventFile:
    """A job's log below the directory that TensorBoard is given."""
    return EventFile(directory / job.id)


def main() -> None:
    """Write event files into the settings' directory, until told to stop."""
    settings = Settings()
    if settings.tensorboard.directory is None:
        raise SystemExit("tensorboard.directory is not set, so there is nowhere to write to.")
    follow("tensorboard", partial(event_file, settings.tensorboard.directory), settings)


if __name__ == "__main__":
    main()
