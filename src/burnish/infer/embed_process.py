"""`python -m burnish.infer.embed_process`: makes the embeddings of one model."""

from burnish.core import logs
from burnish.infer.embed_app import Desk, create_app
from burnish.infer.listening import listen
from burnish.settings import Settings


def main() -> None:
    """Serve at the port of `settings.infer_url`, which is this process's own."""
    logs.configure()
    settings = Settings()
    listen(create_app(Desk(settings)), settings)


if __name__ == "__main__":
    main()
