"""API keys: 256 random bits each, of which only the sha256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from burnish.core.errors import NotFound
from burnish.core.ids import new_id
from burnish.core.records import Key
from burnish.store.database import Database
from burnish.store.tables import keys as table

_PREFIX_LENGTH = 11


class NewKey(NamedTuple):
    """A key just made, and the secret that is shown this once."""

    key: Key
    secret: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The table of keys."""

    database: Database

    def create(self, name: str, *, now: float) -> NewKey:
        """Make a key. The secret cannot be had again."""
        secret = "sk-" + secrets.token_urlsafe(32)
        key = Key(id=new_id("key_"), name=name, prefix=secret[:_PREFIX_LENGTH], created_at=int(now))
        with self.database.write() as connection:
            connection.execute(
                sa.insert(table).values(
                    id=key.id, name=key.name, prefix=key.prefix, digest=_digest(secret), created_at=key.created_at
                )
            )
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
    return Key(id=row.id, name=row.name, prefix=row.prefix, created_at=row.created_at, revoked_at=row.revoked_at)
