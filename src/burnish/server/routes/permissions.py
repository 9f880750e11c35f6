"""/v1/fine_tuning/checkpoints/{model}/permissions: which other projects may use a tuned model. Admins alone may ask."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from burnish.core.errors import InvalidRequest
from burnish.server import wire
from burnish.server.desk import AsAdmin
from burnish.server.pages import After, Limit, listed_with_ends
from burnish.spec.permission import PermissionRequest
from burnish.store.pages import Page

Json = Any
ModelName = Annotated[str, Path(alias="fine_tuned_model_checkpoint")]


def router() -> APIRouter:
    """The routes of permissions. Names of models may carry slashes."""
    prefix = "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint:path}/permissions"
    api = APIRouter(prefix=prefix, tags=["Fine-tuning"])

    @api.post("")
    def create(model: ModelName, body: PermissionRequest, desk: AsAdmin) -> dict[str, Json]:
        """Let other projects use a model. What one of them has already stays as it is."""
        known = desk.store.keys.projects()
        for place, project in enumerate(body.project_ids):
            if project not in known:
                raise InvalidRequest(
                    f"There is no project '{project}'. A project comes with its first key: burnish keys create "
                    "--project.",
                    param=f"project_ids[{place}]",
                    code="project_not_found",
                )
        granted = desk.store.permissions.create(model, body.project_ids, now=time.time())
        return listed_with_ends(Page(granted, has_more=False), wire.permission)

    @api.get("")
    def list_permissions(
        model: ModelName,
        desk: AsAdmin,
        after: After = None,
        limit: Limit = 10,
        order: Annotated[Literal["ascending", "descending"], Query()] = "descending",
        project_id: Annotated[str | None, Query()] = None,
    ) -> dict[str, Json]:
        """A model's permissions."""
        page = desk.store.permissions.page(
            model, project=project_id, after=after, limit=limit, descending=order == "descending"
        )
        return listed_with_ends(page, wire.permission)

    @api.delete("/{permission_id}")
    def delete(model: ModelName, permission_id: str, desk: AsAdmin) -> dict[str, Json]:
        """Take a permission back."""
        desk.store.permissions.delete(model, permission_id)
        return wire.deleted(permission_id, "checkpoint.permission")

    return api
