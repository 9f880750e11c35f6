"""What a route works with: the server's state as far as the caller's project reaches. No route sees any other.

A route asks for it by the type of a parameter: `desk: AtDesk` for any caller, `desk: AsAdmin` for admins alone. A
desk's store shows the rows of the caller's project and no others, so that no route need ask whose something is; to what
a route makes it gives `desk.caller.project`.
"""

import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from burnish.chats import Chats
from burnish.core.errors import NotAllowed
from burnish.grade.tools import Tools
from burnish.server.auth import CALLER, Caller
from burnish.server.responses.recording import Recordings
from burnish.server.state import State
from burnish.server.tasks import Tasks
from burnish.settings import Settings
from burnish.store.blobs import Blobs
from burnish.store.expiry import expire
from burnish.store.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """One caller's share of the state, for one request."""

    caller: Caller
    settings: Settings
    store: Store
    """The rows that the caller's project sees."""
    blobs: Blobs
    chats: Chats
    """The models that the project may use."""
    tools: Tools
    """What graders need, with these chats for their judges."""
    tasks: Tasks
    """What is made in the background, by ids that the caller must have been told."""
    recordings: Recordings
    """The events of responses, by such ids."""

    def is_served(self, name: str) -> bool:
        """Whether a name means a model that can answer or embed: local, remote or tuned, or an alias of one."""
        target = self.settings.resolve(name)
        return (
            self.settings.is_local(target)
            or target in self.settings.models.remote
            or target in self.settings.models.embedders
            or self.store.models.get(target) is not None
        )

    def expire(self) -> None:
        """Remove the files and uploads whose time has run out, so that this request sees none."""
        expire(self.store, self.blobs, time.time())


def desk_of(state: State, caller: Caller) -> Desk:
    """The desk of whoever sent a request."""
    store = state.store.of(caller.project)
    chats = state.chats.of(store.models)
    return Desk(
        caller=caller,
        settings=state.settings,
        store=store,
        blobs=state.blobs,
        chats=chats,
        tools=state.toolbox.tools(chats),
        tasks=state.tasks,
        recordings=state.recordings,
    )


async def _at_desk(request: Request) -> Desk:
    return desk_of(request.app.state.burnish, request.scope[CALLER])


AtDesk = Annotated[Desk, Depends(_at_desk)]
"""Any caller's."""


async def _as_admin(desk: AtDesk) -> Desk:
    if not desk.caller.is_admin:
        raise NotAllowed("This needs an admin key: burnish keys create --admin makes one.")
    return desk


AsAdmin = Annotated[Desk, Depends(_as_admin)]
"""An admin's; anybody else is refused before it is looked whether what was named is there."""
