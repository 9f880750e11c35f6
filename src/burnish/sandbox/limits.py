"""What one grade may use."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """OpenAI's documented limits, and two of ours: processes and open files."""

    timeout_s: float = 120.0
    """Wall clock of one grade, and of loading the source."""
    memory_bytes: int = 2048 * MEBIBYTE
    """Address space of a process, and resident memory of a grade with all that it started."""
    disk_bytes: int = 1024 * MEBIBYTE
    """In the scratch directory, the only one that can be written to."""
    processes: int = 64
    """With their threads, of one sandbox."""
    open_files: int = 256
    start_timeout_s: float = 30.0
    """Until the sandbox stands, before any of the user's code runs."""
