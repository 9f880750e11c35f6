"""The adapters that a vLLM server has loaded for us: files where it can read them, and a name that stays."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from burnish.core.errors import Unavailable
from burnish.settings import Vllm

log = logging.getLogger(__name__)


class VllmAdapters:
    """Loads and unloads. Lives in one event loop."""

    def __init__(
        self, settings: Vllm, directory: Path, fetch: Callable[[str, Path], object], client: httpx2.AsyncClient
    ) -> None:
        """`fetch` writes the files below a blob prefix into a directory."""
        self._settings = settings
        self._directory = directory
        self._fetch = fetch
        self._client = client
        self._uses: dict[str, int] = {}
        """Loaded adapters by their blob prefix, the longest unused first -> requests that use it now."""
        self._loading = asyncio.Lock()

    def name_of(self, blob: str) -> str:
        """What the server calls the adapter."""
        return f"burnish-{hashlib.sha256(blob.encode()).hexdigest()[:24]}"

    @asynccontextmanager
    async def loaded(self, blob: str) -> AsyncGenerator[None, None]:
        """The server has the adapter, and keeps it as long as the block lasts, unless it is started anew."""
        async with self._loading:
            if blob not in self._uses:
                await self._unload_idle()
                await self._load(blob)
            self._uses[blob] = self._uses.pop(blob, 0) + 1
        try:
            yield
        finally:
            self._uses[blob] -= 1

    async def load(self, blob: str) -> None:
        """Load an adapter that the server has lost.

        Raises `Unavailable` where it cannot be reached, or does not load adapters.
        """
        async with self._loading:
            await self._load(blob)

    async def _load(self, blob: str) -> None:
        name = self.name_of(blob)
        await asyncio.to_thread(self._write, blob, self._directory / name)
        seen = self._settings.adapters_there
        path = str(self._directory.resolve() / name) if seen is None else f"{seen.rstrip('/')}/{name}"
        body = {"lora_name": name, "lora_path": path, "load_inplace": True}
        answer = await self._post("/load_lora_adapter", body)
        if not answer.is_success:
            raise Unavailable(
                f"{self._settings.base_url} did not load an adapter from {path}: HTTP {answer.status_code}, "
                f"{answer.text[:200]}. vLLM must see that directory, and be started with --enable-lora, a "
                "--max-lora-rank that is high enough, and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."
            )
        log.info("adapter loaded", extra={"endpoint": self._settings.base_url, "adapter": name, "blob": blob})

    async def _unload_idle(self) -> None:
        idle = [blob for blob, users in self._uses.items() if not users]
        for blob in idle[: max(0, len(self._uses) - self._settings.most_adapters + 1)]:
            del self._uses[blob]
            await self._post("/unload_lora_adapter", {"lora_name": self.name_of(blob)})

    def _write(self, blob: str, directory: Path) -> None:
        """Written aside and renamed whole; what is there is never another adapter's."""
        if directory.is_dir():
            return
        aside = directory.with_name(directory.name + ".part")
        shutil.rmtree(aside, ignore_errors=True)
        self._fetch(blob, aside)
        aside.rename(directory)

    async def _post(self, path: str, body: dict[str, object]) -> httpx2.Response:
        try:
            return await self._client.post(
                self._settings.base_url.rstrip("/") + path,
                json=body,
                headers={"authorization": f"Bearer {self._settings.api_key}"},
            )
        except httpx2.TransportError as error:
            raise Unavailable(f"{self._settings.base_url} cannot be reached: {type(error).__name__} {error}") from error
