"""What every route is handed: settings, rows, bytes and the way to the inference process.

A route module has one public function, `router(state: State) -> APIRouter`; `server/app.py` includes them all.
"""

import time
from dataclasses import dataclass

import httpx2

from burnish.settings import STARTER, Settings
from burnish.store.blobs import Blobs, open_blobs
from burnish.store.files import file_blob
from burnish.store.store import Store, open_store


@dataclass(frozen=True, slots=True)
class State:
    """The server's only state; routes hold it by closure."""

    settings: Settings
    store: Store
    blobs: Blobs
    infer: httpx2.AsyncClient
    """Speaks to the inference process (`settings.infer_url` is its base URL); closed with the app."""

    def is_local(self, name: str) -> bool:
        """Whether a name, aliases resolved, is a base model that is trained and served here."""
        return name == STARTER or name in self.settings.models.local

    def is_served(self, name: str) -> bool:
        """Whether a name means a model that can answer: a base, a remote or a tuned one, or an alias of one."""
        target = self.settings.resolve(name)
        return (
            self.is_local(target) or target in self.settings.models.remote or self.store.models.get(target) is not None
        )

    def expire_files(self) -> None:
        """Remove the files whose time has run out. Done whenever files are asked for: it needs no clock of its own."""
        for file_id in self.store.files.expire(time.time()):
            self.blobs.delete(file_blob(file_id))


def open_state(settings: Settings) -> State:
    """Open the store and the blobs that the settings name."""
    return State(
        settings=settings,
        store=open_store(settings),
        blobs=open_blobs(settings),
        infer=httpx2.AsyncClient(base_url=settings.infer_url or "", timeout=httpx2.Timeout(600.0, connect=5.0)),
    )
