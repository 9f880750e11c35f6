"""What of the database's errors means that it cannot be had at present, and how that is told."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from burnish.core.errors import StoreUnavailable

_OF_SQLITE = {
    "SQLITE_BUSY": "Another process has been writing to it for too long; burnish waits {timeout} s. Whatever holds "
    "it (a tool that has it open, a copy under way) must let go.",
    "SQLITE_FULL": "Its disk is full. Make room; nothing that was committed is lost.",
    "SQLITE_READONLY": "It, or the directory that it lies in, may not be written.",
    "SQLITE_CANTOPEN": "The file cannot be opened or made; its directory must be there and may be written.",
    "SQLITE_IOERR": "The disk cannot be read or written.",
}


@contextmanager
def unavailable(engine: sa.Engine) -> Iterator[None]:
    """Raise `StoreUnavailable` where a statement failed for want of the database; other errors pass."""
    try:
        yield
    except sa.exc.OperationalError as error:
        reason = _reason(error, engine)
        if reason is None:
            raise
        place = engine.url.render_as_string(hide_password=True).partition("?")[0]
        raise StoreUnavailable(f"The database {place} is not available ({error.orig}). {reason}".strip()) from error


def _reason(error: sa.exc.OperationalError, engine: sa.Engine) -> str | None:
    """What to do about it; None where the statement itself is wrong."""
    if engine.dialect.name != "sqlite":
        return ""
    name = getattr(error.orig, "sqlite_errorname", "")
    found = next((reason for start, reason in _OF_SQLITE.items() if name.startswith(start)), None)
    return found.format(timeout=engine.url.query.get("timeout")) if found is not None else None
