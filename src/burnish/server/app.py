"""The API process as an ASGI app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from burnish.server import failures
from burnish.server.auth import Auth, is_loopback
from burnish.server.door import Door
from burnish.server.errands import errands
from burnish.server.routes import (
    chat,
    comparisons,
    embeddings,
    eval_items,
    eval_runs,
    eval_summaries,
    evals,
    feedback,
    file_checks,
    files,
    graders,
    health,
    insight,
    job_moves,
    jobs,
    models,
    permissions,
    plan,
    readiness,
    responses,
    rollouts,
    setup,
    stored_chats,
    uploads,
)
from burnish.server.state import State, open_state
from burnish.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The API over the rows and bytes that the settings name; no worker and no inference process come with it."""
    return app_of(open_state(settings))


def app_of(state: State) -> FastAPI:
    """The API over a state that is already open; closing the app closes it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with errands(state):
            yield
        await state.aclose()

    app = FastAPI(
        title="Burnish",
        version=version("burnish"),
        description="Reinforcement fine-tuning on your own hardware, behind OpenAI's own API.",
        docs_url=None,  # its page would load scripts from the internet
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.burnish = state  # `server/desk.py` alone looks at it
    failures.install(app)
    answering = (chat, stored_chats, responses, embeddings)
    evaluating = (evals, eval_runs, eval_items, comparisons)
    ours = (insight, eval_summaries, rollouts, feedback, file_checks, plan, setup, readiness, health)
    rest = (*answering, *evaluating, *ours)
    for resource in (files, uploads, models, jobs, job_moves, permissions, graders, *rest):
        app.include_router(resource.router())
    auth = Auth(state.store.keys, is_loopback(state.settings.host))
    app.add_middleware(Door, auth=auth, max_file_bytes=state.settings.max_file_bytes)
    return app
