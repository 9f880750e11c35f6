"""Databases as an older Burnish left them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import command

from burnish.store.database import open_database
from burnish.store.migration import configuration
from burnish.store.store import Store, store_at
from burnish.store.tables import schema


def filled(database_url: str, revision: str, rows: Mapping[str, Mapping[str, Any]]) -> Store:
    """Today's store over a database that held a revision's tables with a row in each."""
    database = open_database(database_url)
    with database.change() as connection:
        schema.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        command.upgrade(configuration(connection), revision)
        for table, row in rows.items():
            columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)
    database.engine.dispose()
    return store_at(database_url)
