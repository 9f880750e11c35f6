"""The tools of graders, made from the settings: the same for the server, a run and the command line."""

import asyncio
from dataclasses import dataclass
from typing import Self

from burnish.grade.tools import Chat, Tools
from burnish.grade.wordnet import WordNet, open_wordnet
from burnish.remote.embedder import RemoteEmbedder
from burnish.remote.infer import embedder_of, extra_of, infer_client, infer_remote
from burnish.remote.poster import HttpPoster
from burnish.sandbox.python_sandbox import PythonSandbox
from burnish.settings import Settings


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What graders reach outside; nothing is opened before its first use. Lives in one event loop."""

    embedder: RemoteEmbedder | None
    poster: HttpPoster
    sandbox: PythonSandbox
    thesaurus: WordNet | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        thesaurus = open_wordnet(settings.grading.wordnet_places)
        return cls(embedder(settings), HttpPoster(), PythonSandbox(settings), thesaurus)

    def tools(self, chat: Chat) -> Tools:
        """All that graders need, with this chat for their judges."""
        return Tools(
            chat=chat, embedder=self.embedder, poster=self.poster, sandbox=self.sandbox, thesaurus=self.thesaurus
        )

    async def aclose(self) -> None:
        """Close whatever was opened."""
        if self.embedder is not None:
            await self.embedder.aclose()
        await self.poster.aclose()
        await asyncio.to_thread(self.sandbox.close)


def embedder(settings: Settings) -> RemoteEmbedder | None:
    """The embedder that the settings name; None where its name means none, or no inference process serves it."""
    name = settings.resolve(settings.grading.embedder)
    if name in settings.models.remote:
        return RemoteEmbedder(settings.models.remote[name], name)
    if name not in settings.models.embedders or settings.infer_url is None:
        return None
    extra = extra_of(embedder_of(name))
    return RemoteEmbedder(infer_remote(settings), name, extra=extra, client=infer_client())
