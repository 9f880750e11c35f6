"""/v1/models: bases, remote and embedding models, aliases and tuned models."""

from typing import Any

from fastapi import APIRouter

from burnish.core.errors import InvalidRequest, NotAllowed, NotFound
from burnish.core.records import TunedModel
from burnish.server import wire
from burnish.server.desk import AtDesk, Desk
from burnish.settings import STARTER
from burnish.store.uses import model_in_use

Json = Any
_OURS = "burnish"


def router() -> APIRouter:
    """The routes of models. Names carry colons and slashes, so an id is all the rest of the path."""
    api = APIRouter(prefix="/v1/models", tags=["Models"])

    @api.get("")
    def list_models(desk: AtDesk) -> dict[str, Json]:
        """Every name that a request may give as its model."""
        owner = desk.settings.organization
        tuned = [wire.tuned_model(model, owner) for model in desk.store.models.all()]
        return {"object": "list", "data": [*_configured(desk).values(), *tuned]}

    @api.get("/{model:path}")
    def retrieve(model: str, desk: AtDesk) -> dict[str, Json]:
        """One model."""
        if (configured := _configured(desk).get(model)) is not None:
            return configured
        return wire.tuned_model(_tuned(desk, model), desk.settings.organization)

    @api.delete("/{model:path}")
    def delete(model: str, desk: AtDesk) -> dict[str, Json]:
        """Remove a tuned model or a checkpoint's, with its files, if nothing uses it."""
        if model in _configured(desk):
            raise InvalidRequest(
                f"'{model}' is set in the server's settings; only fine-tuned models can be deleted.",
                param="model",
                code="model_not_deletable",
            )
        _check_deletable(desk, _tuned(desk, model))
        tuned = desk.store.models.delete(model)
        if tuned is None:
            raise _not_found(model)
        if not desk.store.models.is_in_use(tuned.blob):
            desk.blobs.delete_directory(tuned.blob)
        return wire.deleted(model, "model")

    return api


def _configured(desk: Desk) -> dict[str, dict[str, Json]]:
    """The models that the settings name, and the starter. An alias wins over a model of the same name.

    An alias of a tuned model that the caller may not use is a name that means nothing.
    """
    settings = desk.settings
    owner = settings.organization
    found = {STARTER: wire.base_model(STARTER, _OURS)}
    given = settings.models
    found |= {name: wire.base_model(name, owner) for name in (*given.local, *given.remote)}
    found |= {name: wire.base_model(name, owner) | wire.EMBEDS for name in given.embedders}
    for name, target in given.aliases.items():
        found[name] = wire.alias(name, target, owner) | (wire.EMBEDS if target in given.embedders else {})
    return {name: model for name, model in found.items() if desk.is_served(name)}


def _tuned(desk: Desk, name: str) -> TunedModel:
    tuned = desk.store.models.get(name)
    if tuned is None:
        raise _not_found(name)
    return tuned


def _check_deletable(desk: Desk, model: TunedModel) -> None:
    if model.project != desk.caller.project:
        raise NotAllowed(f"Your project may use the model '{model.name}'; only the one that made it may delete it.")
    aliases = [f"alias '{name}'" for name, target in desk.settings.models.aliases.items() if target == model.name]
    if aliases:
        raise model_in_use(model.name, aliases)


def _not_found(model: str) -> NotFound:
    return NotFound(f"The model '{model}' does not exist.", param="model", code="model_not_found")
