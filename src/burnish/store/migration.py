"""The tables of an older Burnish become today's, by the scripts in `store/migrations/versions`, without loss."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from burnish.core.errors import BurnishError
from burnish.store.database import revision, write_revision
from burnish.store.tables import REVISION, schema

log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection, scripts: Path = SCRIPTS) -> None:
    """Bring a database that holds tables up to the newest script, within the transaction of `Database.change`.

    Tables without a revision are taken for today's if they are. Raises `BurnishError` if they are not, and where
    the revision is none of ours.
    """
    found = revision(connection)
    if found is None:
        _adopt(connection)
        return
    config = configuration(connection, scripts)
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if found not in known:
        raise BurnishError(
            f"The database holds revision '{found}' of the tables; this Burnish knows those up to '{known[0]}'. "
            "A newer Burnish has written it: run that one, or name another database in `database_url` or `data_dir`."
        )
    log.info("upgrading the tables", extra={"revision": found, "to": known[0]})
    command.upgrade(config, "head")


def configuration(connection: sa.Connection, scripts: Path = SCRIPTS) -> Config:
    """For Alembic's commands on a connection."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def differences(connection: sa.Connection) -> list[str]:
    """The names of our tables that are not as `schema` says, those not there included."""
    options = {"include_name": lambda name, kind, _parents: kind != "table" or name in schema.tables}
    context = MigrationContext.configure(connection, opts=options)
    return sorted({_table(difference) for difference in _flat(compare_metadata(context, schema))})


def _adopt(connection: sa.Connection) -> None:
    wrong = differences(connection)
    if wrong:
        raise BurnishError(
            f"The database holds tables without their revision, and they are not those of revision '{REVISION}': "
            f"{', '.join(wrong)}. An early Burnish or another program has made them; name another database in "
            "`database_url` or `data_dir`."
        )
    log.info("the tables had no revision and are today's")
    write_revision(connection)


def _flat(differences: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    """Alembic lists changes of a column in lists of their own."""
    for difference in differences:
        if isinstance(difference, list):
            yield from difference
        else:
            yield difference


def _table(difference: tuple[Any, ...]) -> str:
    match difference:
        case (_, sa.Table() as table, *_):
            return table.name
        case (_, (sa.Index() | sa.Constraint()) as part, *_):
            return str(part.table.name)  # type: ignore[union-attr]  # one that was compared has a table
        case (_, _, str(name), *_):
            return name
    raise AssertionError(difference)
