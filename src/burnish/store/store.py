"""All tables behind one name."""

from dataclasses import dataclass

import sqlalchemy as sa

from burnish.core.errors import StoreUnavailable
from burnish.settings import Settings
from burnish.store.arrivals import Arrivals
from burnish.store.checkpoints import Checkpoints
from burnish.store.database import Database, open_database
from burnish.store.eval_items import EvalItems
from burnish.store.eval_runs import EvalRuns
from burnish.store.eval_summaries import EvalSummaries
from burnish.store.evals import Evals
from burnish.store.events import Events
from burnish.store.exchanges import Exchanges
from burnish.store.feedback import Feedbacks
from burnish.store.files import Files
from burnish.store.followers import Followers
from burnish.store.grades import Grades
from burnish.store.jobs import Jobs
from burnish.store.keys import Keys
from burnish.store.models import Models
from burnish.store.outbox import Outbox
from burnish.store.permissions import Permissions
from burnish.store.summaries import Summaries
from burnish.store.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Store:
    """What survives a restart, but for the bytes: everybody's, or what one project sees.

    May be shared by threads, never across a fork.
    """

    database: Database
    jobs: Jobs
    events: Events
    checkpoints: Checkpoints
    models: Models
    permissions: Permissions
    files: Files
    uploads: Uploads
    keys: Keys
    outbox: Outbox
    exchanges: Exchanges
    followers: Followers
    grades: Grades
    summaries: Summaries
    feedback: Feedbacks
    evals: Evals
    eval_runs: EvalRuns
    eval_items: EvalItems
    eval_summaries: EvalSummaries
    arrivals: Arrivals

    def of(self, project: str) -> "Store":
        """The same rows as a project sees them. Where an id names another's, there is nothing."""
        return _store(self.database, project)

    def close(self) -> None:
        """Close all connections."""
        self.database.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store that the settings name; made if it is not there."""
    if settings.database_url is not None:
        return store_at(settings.database_url)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"The directory {settings.data_dir} cannot be made: {error}.") from error
    return store_at(sa.URL.create("sqlite", database=str(settings.data_dir / "burnish.db")))


def store_at(url: str | sa.URL) -> Store:
    """The store at a SQLAlchemy URL."""
    return _store(open_database(url), None)


def _store(database: Database, project: str | None) -> Store:
    return Store(
        database=database,
        jobs=Jobs(database, project),
        events=Events(database, project),
        checkpoints=Checkpoints(database, project),
        models=Models(database, project),
        permissions=Permissions(database),
        files=Files(database, project),
        uploads=Uploads(database, project),
        keys=Keys(database),
        outbox=Outbox(database),
        exchanges=Exchanges(database, project),
        followers=Followers(database),
        grades=Grades(database),
        summaries=Summaries(database, project),
        feedback=Feedbacks(database, project),
        evals=Evals(database, project),
        eval_runs=EvalRuns(database, project),
        eval_items=EvalItems(database),
        eval_summaries=EvalSummaries(database, project),
        arrivals=Arrivals(database),
    )
