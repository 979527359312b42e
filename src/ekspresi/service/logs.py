"""Write the log of a service as lines of JSON.

In: log records. Out: one JSON object in each line, with the id of the request. Pictures, bodies, file names, addresses
of clients and API keys are never logged. Does not know what is logged where.
"""

import json
import logging
import re
import secrets
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, Any

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that the present task answers."""

_TOKEN = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_LEVELS: Mapping[str, int] = {
    "ekspresi": logging.INFO,
    "uvicorn.error": logging.WARNING,
    "asyncio": logging.WARNING,
    "python_multipart": logging.ERROR,  # it warns of each damaged form, whose request is logged anyway
}
"""Logger -> least level of its records that are written."""


def make_request_id(given: str | None) -> str:
    """Return the id that a client gave, if it is a harmless token, or else a new one.

    >>> make_request_id("order-17"), len(make_request_id("a b"))
    ('order-17', 16)
    """
    return given if given and _TOKEN.fullmatch(given) else secrets.token_hex(8)


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON; ``extra={"fields": {...}}`` of a record becomes members.

    >>> record = logging.LogRecord("ekspresi", logging.INFO, "", 0, "%d faces", (3,), None)
    >>> json.loads(JsonFormatter().format(record))["event"]
    '3 faces'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **({} if REQUEST_ID.get() is None else {"request_id": REQUEST_ID.get()}),
            **fields,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            # The message is left out: it may hold a file name of a client.
            line["error"] = type(error).__name__
            line["at"] = [f"{at.name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
        return json.dumps(line, ensure_ascii=True)


def log_as_json(stream: IO[str]) -> logging.Handler:
    """Write what ekspresi and its server log to a stream from now on; return the handler.

    >>> import io
    >>> stream = io.StringIO()
    >>> handler = log_as_json(stream)
    >>> logging.getLogger("ekspresi.service").info("ready")
    >>> json.loads(stream.getvalue())["level"]
    'info'
    >>> stop_logging(handler)
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
    return handler


def stop_logging(handler: logging.Handler) -> None:
    """Undo ``log_as_json``.

    >>> stop_logging(logging.NullHandler())
    """
    for name in _LEVELS:
        logger = logging.getLogger(name)
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
