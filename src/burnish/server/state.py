"""What every route is handed: settings, rows, bytes, the models that answer and what graders need.

A route module has one public function, `router(state: State) -> APIRouter`; `server/app.py` includes them all.
"""

import time
from dataclasses import dataclass

import httpx2

from burnish.grade.tools import Tools
from burnish.server.chats import Chats
from burnish.settings import Settings
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.files import file_blob
from burnish.store.store import Store, open_store
from burnish.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class State:
    """The server's only state; routes hold it by closure."""

    settings: Settings
    store: Store
    blobs: Blobs
    chats: Chats
    """Every model that answers, local ones through the inference process; closed with the app."""
    toolbox: Toolbox
    """Closed with the app."""
    tools: Tools
    """What graders need: the toolbox's, with the chats for judges."""

    def is_served(self, name: str) -> bool:
        """Whether a name means a model that can answer: a base, a remote or a tuned one, or an alias of one."""
        target = self.settings.resolve(name)
        return (
            self.settings.is_local(target)
            or target in self.settings.models.remote
            or self.store.models.get(target) is not None
        )

    def expire_files(self) -> None:
        """Remove the files whose time has run out. Done whenever files are asked for: it needs no clock of its own."""
        for file_id in self.store.files.expire(time.time()):
            self.blobs.delete(file_blob(file_id))

    async def aclose(self) -> None:
        """Close all of it."""
        await self.chats.aclose()
        await self.toolbox.aclose()
        self.store.close()


def open_state(settings: Settings, infer: httpx2.AsyncClient | None = None) -> State:
    """Open the store and the blobs that the settings name.

    `infer` speaks to the inference process, and is closed with the state; none: over the network, at
    `settings.infer_url`.
    """
    store = open_store(settings)
    client = infer or httpx2.AsyncClient(timeout=httpx2.Timeout(600.0, connect=5.0))
    chats = Chats(settings, store.models, client)
    toolbox = Toolbox.of(settings)
    return State(
        settings=settings,
        store=store,
        blobs=open_blobs(settings),
        chats=chats,
        toolbox=toolbox,
        tools=toolbox.tools(chats),
    )
