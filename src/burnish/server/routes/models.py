"""/v1/models: bases, remote models, aliases and tuned models."""

from typing import Any

from fastapi import APIRouter

from burnish.core.errors import InvalidRequest, NotFound
from burnish.server import wire
from burnish.server.state import State
from burnish.settings import STARTER

Json = Any
_OURS = "burnish"


def router(state: State) -> APIRouter:
    """The routes of models. Names carry colons and slashes, so an id is all the rest of the path."""
    api = APIRouter(prefix="/v1/models", tags=["Models"])

    @api.get("")
    def list_models() -> dict[str, Json]:
        """Every name that a request may give as its model."""
        owner = state.settings.organization
        tuned = [wire.tuned_model(model, owner) for model in state.store.models.all()]
        return {"object": "list", "data": [*_configured(state).values(), *tuned]}

    @api.get("/{model:path}")
    def retrieve(model: str) -> dict[str, Json]:
        """One model."""
        if (configured := _configured(state).get(model)) is not None:
            return configured
        tuned = state.store.models.get(model)
        if tuned is None:
            raise _not_found(model)
        return wire.tuned_model(tuned, state.settings.organization)

    @api.delete("/{model:path}")
    def delete(model: str) -> dict[str, Json]:
        """Remove a tuned model or a checkpoint's, with its files."""
        if model in _configured(state):
            raise InvalidRequest(
                f"'{model}' is set in the server's settings; only fine-tuned models can be deleted.",
                param="model",
                code="model_not_deletable",
            )
        tuned = state.store.models.delete(model)
        if tuned is None:
            raise _not_found(model)
        if not state.store.models.is_in_use(tuned.blob):
            state.blobs.delete_directory(tuned.blob)
        return wire.deleted(model, "model")

    return api


def _configured(state: State) -> dict[str, dict[str, Json]]:
    """The models that the settings name, and the starter. An alias wins over a model of the same name."""
    settings = state.settings
    owner = settings.organization
    found = {STARTER: wire.base_model(STARTER, _OURS)}
    found |= {name: wire.base_model(name, owner) for name in (*settings.models.local, *settings.models.remote)}
    return found | {name: wire.alias(name, target, owner) for name, target in settings.models.aliases.items()}


def _not_found(model: str) -> NotFound:
    return NotFound(f"The model '{model}' does not exist.", param="model", code="model_not_found")
