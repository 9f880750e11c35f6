"""The dashboard as an ASGI app of its own: a client of the public API, and of nothing else."""

from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.sessions import SessionMiddleware

from burnish.dashboard import frame, session
from burnish.dashboard.client import Api, open_api
from burnish.dashboard.gate import Gate
from burnish.dashboard.pages import (
    create,
    eval_compare,
    eval_item,
    eval_run,
    evals,
    items,
    job,
    jobs,
    library,
    one_eval,
    playground,
    rollouts,
)
from burnish.settings import Settings

_EVERYWHERE = ("", "0.0.0.0", "::")


def create_app(settings: Settings) -> FastAPI:
    """The pages, over the API that the same settings serve. One a process: NiceGUI keeps its pages in a global."""
    api = open_api(url_of(settings))
    register(api)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    ui.run_with(app, title="Burnish", dark=None, tailwind=False, favicon="🟠", show_welcome_message=False)
    app.add_middleware(SessionMiddleware, secret_key=session.secret_of(settings.data_dir), **session.options())
    app.add_middleware(Gate)
    return app


def register(api: Api) -> None:
    """Every page."""
    frame.install()
    evaluating = (evals, one_eval, eval_run, eval_item, eval_compare, items)
    for page in (session, jobs, job, create, rollouts, *evaluating, playground, library):
        page.register(api)


def url_of(settings: Settings) -> str:
    """Where this machine reaches the API."""
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/v1"
