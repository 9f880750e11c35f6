"""What the server holds open for everybody. Routes never see it: they work at a desk (`server/desk.py`)."""

from dataclasses import dataclass, field

import httpx2

from burnish.chats import Chats
from burnish.remote.infer import infer_client
from burnish.server.responses.recording import Recordings
from burnish.server.tasks import Tasks
from burnish.settings import Settings
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.store import Store, open_store
from burnish.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class State:
    """The server's only state."""

    settings: Settings
    store: Store
    blobs: Blobs
    chats: Chats
    """Every model that answers, local ones through the inference process; closed with the app."""
    toolbox: Toolbox
    """What graders reach outside; closed with the app."""
    tasks: Tasks = field(default_factory=Tasks)
    """What is made in the background; ended with the app."""
    recordings: Recordings = field(default_factory=Recordings)
    """Events of responses that are made so."""

    async def aclose(self) -> None:
        """Close all of it."""
        await self.tasks.aclose()
        await self.chats.aclose()
        await self.toolbox.aclose()
        self.store.close()


def open_state(settings: Settings, infer: httpx2.AsyncClient | None = None) -> State:
    """Open the store and the blobs that the settings name.

    `infer` speaks to the inference process, and is closed with the state; none: over the network, at
    `settings.infer_url`.
    """
    store = open_store(settings)
    blobs = open_blobs(settings)
    return State(
        settings=settings,
        store=store,
        blobs=blobs,
        chats=Chats(settings, store.models, blobs, infer or infer_client()),
        toolbox=Toolbox.of(settings),
    )
