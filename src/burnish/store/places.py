"""Where the bytes of jobs and of uploads lie in the blobs."""

UPLOADS = "uploads"
"""The directory of all uploads' parts."""
SNAPSHOTS = "snapshots"
"""The directory of all jobs' snapshots."""


def model_blob(model: str) -> str:
    """A tuned model's directory."""
    return "models/" + model.replace(":", "_").replace("/", "_")


def snapshots_blob(job: str) -> str:
    """The directory of a job's snapshots."""
    return f"{SNAPSHOTS}/{job}"


def snapshot_blob(job: str, step: int) -> str:
    """One snapshot's directory."""
    return f"{snapshots_blob(job)}/{step:06d}"


def rollouts_blob(job: str, step: int) -> str:
    """A step's answers, a JSON line each."""
    return f"{rollouts_blobs(job)}/{step:06d}.jsonl"


def rollouts_blobs(job: str) -> str:
    """The directory of a job's answers."""
    return f"rollouts/{job}"


def upload_blobs(upload: str) -> str:
    """The directory of an upload's parts."""
    return f"{UPLOADS}/{upload}"


def part_blob(upload: str, part: str) -> str:
    """One part's bytes."""
    return f"{upload_blobs(upload)}/{part}"
