"""Whose rows a table shows: one place for the rule that a project sees its own alone."""

from dataclasses import dataclass

import sqlalchemy as sa

from burnish.store.database import Database
from burnish.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Scoped:
    """A table of rows that belong to projects. A row of another project is one that is not there."""

    database: Database
    project: str | None = None
    """Whose rows there are; None: everybody's, for the processes of ours that act for whatever job they hold."""

    def is_ours(self, owner: sa.Column[str]) -> sa.ColumnElement[bool]:
        """The condition that a row is to be seen, on its column `project`."""
        return sa.true() if self.project is None else owner == self.project

    def is_of_our_job(self, job_id: sa.Column[str]) -> sa.ColumnElement[bool]:
        """The same for a row that hangs on a job."""
        return (
            sa.true() if self.project is None else job_id.in_(sa.select(jobs.c.id).where(self.is_ours(jobs.c.project)))
        )
