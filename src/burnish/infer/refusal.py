"""Our errors as the server reads them."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from burnish.core.errors import BurnishError, InvalidRequest


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
