"""`python -m burnish.infer.base_process`: answers with one base model and everything tuned from it."""

import gc

from burnish.core import logs
from burnish.infer.app import create_app
from burnish.infer.fleet import Fleet
from burnish.infer.listening import listen
from burnish.settings import Settings
from burnish.store.blobs import open_blobs


def main() -> None:
    """Serve at the port of `settings.infer_url`, which is this process's own."""
    gc.freeze()  # what was imported stays: the collector need not walk through it again and again
    logs.configure()
    settings = Settings()
    listen(create_app(Fleet(settings, open_blobs(settings))), settings)


if __name__ == "__main__":
    main()
