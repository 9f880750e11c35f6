"""`python -m burnish.infer.process`: the inference process that the server knows. It loads no model, and no torch."""

from burnish.core import logs
from burnish.infer.hall import create_app
from burnish.infer.keeper import Keeper
from burnish.infer.listening import listen
from burnish.settings import Settings
from burnish.store.blobs import open_blobs


def main() -> None:
    """Serve at the port of `settings.infer_url`."""
    logs.configure()
    settings = Settings()
    listen(create_app(Keeper(settings, open_blobs(settings))), settings)


if __name__ == "__main__":
    main()
