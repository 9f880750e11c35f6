"""Our errors as the server reads them."""

from fastapi import Request
from fastapi.responses import JSONResponse

from burnish.core.errors import BurnishError


def refuse(_request: Request, error: Exception) -> JSONResponse:
    """An error of ours in OpenAI's envelope."""
    assert isinstance(error, BurnishError)
    return JSONResponse(error.body, error.status)
