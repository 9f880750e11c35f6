"""Apps for the server on the same machine alone, and our errors as it reads them."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import Lifespan

from burnish.core.errors import BurnishError, InvalidRequest


def bare_app(title: str, lifespan: Lifespan[FastAPI]) -> FastAPI:
    """An app without pages of its own, whose errors come in OpenAI's envelope."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_exception_handler(BurnishError, refuse)
    app.add_exception_handler(RequestValidationError, refuse_body)
    return app


def refuse(_request: Request, error: Exception) -> JSONResponse:
    """An error of ours in OpenAI's envelope."""
    assert isinstance(error, BurnishError)
    return JSONResponse(error.body, error.status)


def refuse_body(request: Request, error: Exception) -> JSONResponse:
    """The server has checked what users sent; this is for whoever speaks to us directly."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    param = ".".join(map(str, first["loc"][1:]))
    return refuse(request, InvalidRequest(f"'{param}': {first['msg']}.", param=param))
