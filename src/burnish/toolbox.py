"""The tools of graders, made from the settings: the same for the server, a run and the command line."""

import asyncio
from dataclasses import dataclass
from typing import Self

from burnish.grade.tools import Chat, Tools
from burnish.grade.wordnet import WordNet, open_wordnet
from burnish.remote.embedder import RemoteEmbedder, embedder_of
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
        return cls(embedder_of(settings), HttpPoster(), PythonSandbox(settings), thesaurus)

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
