"""API keys: 256 random bits each, of which only the sha256 is kept."""

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from burnish.core.errors import InvalidRequest, NotFound
from burnish.core.ids import new_id
from burnish.core.records import DEFAULT_PROJECT, Key
from burnish.store.database import Database
from burnish.store.tables import keys as table

_PREFIX_LENGTH = 11
_PROJECT = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class NewKey(NamedTuple):
    """A key just made, and the secret that is shown this once."""

    key: Key
    secret: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The table of keys."""

    database: Database

    def create(self, name: str, *, now: float, project: str = DEFAULT_PROJECT, is_admin: bool = False) -> NewKey:
        """Make a key of a project, which is there from then on. The secret cannot be had again.

        Raises `InvalidRequest` for what is no project's name.
        """
        if not _PROJECT.fullmatch(project):
            raise InvalidRequest(
                f"'{project}' cannot be a project's name: 1 to 64 letters of ASCII, digits, '.', '_' and '-', the "
                "first a letter or a digit."
            )
        secret = "sk-" + secrets.token_urlsafe(32)
        key = Key(new_id("key_"), name, secret[:_PREFIX_LENGTH], int(now), project, is_admin)
        with self.database.write() as connection:
            connection.execute(sa.insert(table).values(**asdict(key), digest=_digest(secret)))
        return NewKey(key, secret)

    def exist(self) -> bool:
        """Whether a key was ever made; revoked ones count, so that revoking the last does not open the door."""
        with self.database.read() as connection:
            return connection.execute(sa.select(table.c.id).limit(1)).first() is not None

    def find(self, secret: str) -> Key | None:
        """The valid key with this secret. Looked up by its sha256: no timing tells anything about a secret."""
        query = sa.select(table).where(table.c.digest == _digest(secret), table.c.revoked_at.is_(None))
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _record(row) if row is not None else None

    def all(self) -> list[Key]:
        """Every key ever made, oldest first."""
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(sa.select(table).order_by(table.c.created_at))]

    def projects(self) -> set[str]:
        """The names of all projects: those that a key was ever made for, and the one that is always there."""
        with self.database.read() as connection:
            return {DEFAULT_PROJECT, *connection.execute(sa.select(table.c.project).distinct()).scalars()}

    def revoke(self, key_id: str, *, now: float) -> None:
        """Make a key invalid for ever. Raises `NotFound`."""
        with self.database.write() as connection:
            revoked = connection.execute(
                sa.update(table).where(table.c.id == key_id, table.c.revoked_at.is_(None)).values(revoked_at=int(now))
            )
            if revoked.rowcount == 0:
                raise NotFound(f"No valid key has the id '{key_id}'.", code="key_not_found")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(row: sa.Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        created_at=row.created_at,
        project=row.project,
        is_admin=row.is_admin,
        revoked_at=row.revoked_at,
    )
