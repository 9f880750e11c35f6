"""What sharing a tuned model takes."""

from typing import Annotated

from pydantic import Field

from burnish.spec.base import Spec


class PermissionRequest(Spec):
    """The body of POST /fine_tuning/checkpoints/{model}/permissions."""

    project_ids: Annotated[list[str], Field(min_length=1)]
    """The projects that may use the model."""
