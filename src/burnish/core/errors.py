"""What can go wrong, as one tree.

BurnishError                   a fault of ours: 500 server_error
├── InvalidRequest             400 invalid_request_error; `param` names the field
├── InvalidKey                 401, code invalid_api_key
├── NotAllowed                 403, code insufficient_permissions; the key is valid and may not do this
├── NotFound                   404, code names what was not found
├── TooLarge                   413
├── Busy                       429, code rate_limit_exceeded; may be tried again
├── Unavailable                503; a process or endpoint that we need is not there
│   └── StoreUnavailable       the database or the blobs: locked, full, read-only, not reachable
├── GraderUnavailable          our sandbox or a judge failed us: retried, then no grade at all
├── NotGiven                   something that the source of an import does not give, or not in a shape that can be kept
├── LeaseLost                  a worker writes to a job that is no longer its own: it must stop
└── JobFailure                 ends a job: its code, message and param stand in the job's `error`

An error says what was wrong, where, and what to do. `server/failures.py` alone turns one into HTTP.
"""


class BurnishError(Exception):
    """Any error that Burnish raises on purpose."""

    status: int = 500
    """The HTTP status that the door answers with."""
    type: str = "server_error"
    """OpenAI's `error.type`."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code

    @property
    def body(self) -> dict[str, dict[str, str | None]]:
        """OpenAI's error body."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class InvalidRequest(BurnishError):
    """The request cannot be carried out as it was sent."""

    status = 400
    type = "invalid_request_error"


class InvalidKey(BurnishError):
    """The bearer key is missing or unknown."""

    status = 401
    type = "invalid_request_error"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="invalid_api_key")


class NotAllowed(BurnishError):
    """The key is a valid one, but what it asks for is not its to do."""

    status = 403
    type = "invalid_request_error"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="insufficient_permissions")


class NotFound(BurnishError):
    """Nothing has this id."""

    status = 404
    type = "invalid_request_error"


class TooLarge(BurnishError):
    """The body is over the limit."""

    status = 413
    type = "invalid_request_error"


class Busy(BurnishError):
    """No room at present; the same request may go through later."""

    status = 429
    type = "requests"

    def __init__(self, message: str) -> None:
        super().__init__(message, code="rate_limit_exceeded")


class Unavailable(BurnishError):
    """A process or an endpoint that the request needs does not answer."""

    status = 503
    type = "server_error"


class StoreUnavailable(Unavailable):
    """Rows or bytes cannot be read or written at present. What was committed is there; the rest did not happen."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="store_unavailable")


class GraderUnavailable(BurnishError):
    """A judge or sandbox failed for reasons that are not the answer's."""

    status = 502
    type = "server_error"


class NotGiven(BurnishError):
    """Another server does not give an object, or gives what is none: the import goes on without it, and says so."""

    status = 502


class LeaseLost(BurnishError):
    """The job is not this attempt's any more: it was claimed again, or has ended. The run stops and writes nothing."""


class JobFailure(BurnishError):
    """The job cannot go on; `code` is one of those documented for `job.error.code`."""

    status = 400
    type = "invalid_request_error"
