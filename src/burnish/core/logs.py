"""The operator's log: a line an entry, its fields behind the message."""

import logging

_STANDARD = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}


class Lines(logging.Formatter):
    """`time LEVEL module: message key=value ...`, a traceback below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line; `extra` of the call becomes the fields."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join([super().formatMessage(record), *fields])


def configure() -> None:
    """Write this process's log to standard error, from INFO on; of HTTP clients only what is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx2").setLevel(logging.WARNING)
