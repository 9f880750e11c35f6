"""Who follows a new job: what its `integrations` ask for, and what the settings say of all jobs."""

from importlib.util import find_spec

from burnish.core.errors import InvalidRequest
from burnish.core.following import FollowerKind
from burnish.settings import Settings
from burnish.spec.job import JobRequest


def followers_of(settings: Settings, body: JobRequest) -> list[FollowerKind]:
    """A job's followers."""
    asked: list[FollowerKind] = ["wandb"] if body.integrations else []
    return [*asked, "tensorboard"] if settings.tensorboard.directory is not None else asked


def check_integrations(settings: Settings, body: JobRequest) -> None:
    """Raise `InvalidRequest` where nobody would follow a job that asks for it."""
    if not body.integrations:
        return
    if find_spec("wandb") is None:
        raise _unavailable("the package is not installed. Install it with: pip install 'burnish[wandb]'.")
    if not settings.wandb.is_offline and not settings.wandb.has_key:
        raise _unavailable(
            "it has no key. Set wandb.api_key (or WANDB_API_KEY); or wandb.mode to 'offline', which writes to its disk."
        )


def _unavailable(reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"This server cannot reach Weights & Biases: {reason} Or leave 'integrations' out.",
        param="integrations",
        code="integration_not_available",
    )
