"""Log lines are JSON, and hold nothing private."""

import io
import json
import logging
from typing import Any

import pytest

from ekspresi.service.logs import REQUEST_ID, JsonFormatter, log_as_json, make_request_id, stop_logging


@pytest.fixture
def stream() -> Any:
    stream = io.StringIO()
    handler = log_as_json(stream)
    yield stream
    stop_logging(handler)


@pytest.mark.parametrize("given", ["a", "order-17_b.c", "0" * 64])
def test_make_request_id_keeps_a_safe_token(given: str) -> None:
    assert make_request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "a b", "a\r\nSet-Cookie: x", "é", "0" * 65, '"', "../a", "a\n"])
def test_make_request_id_replaces_others(given: str | None) -> None:
    made = make_request_id(given)
    assert made != given and make_request_id(made) == made and made != make_request_id(given)


def test_line_has_time_level_event_id_and_fields(stream: io.StringIO) -> None:
    token = REQUEST_ID.set("r1")
    logging.getLogger("ekspresi.service.x").warning("%d faces\n", 3, extra={"fields": {"ms": 2.5}})
    REQUEST_ID.reset(token)
    (text,) = stream.getvalue().splitlines()
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "warning", "event": "3 faces\n", "request_id": "r1", "ms": 2.5}


def test_line_of_an_exception_hides_its_message(stream: io.StringIO) -> None:
    try:
        raise ValueError("holiday.jpg")
    except ValueError:
        logging.getLogger("ekspresi.service.x").exception("failed")
    assert "holiday" not in stream.getvalue()
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert line["at"][0].startswith("test_line_of_an_exception_hides_its_message:")


def test_stop_logging_restores_the_loggers() -> None:
    logger = logging.getLogger("ekspresi")
    before = (logger.level, logger.propagate, list(logger.handlers))
    stop_logging(log_as_json(io.StringIO()))
    assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_formatter_writes_ascii() -> None:
    record = logging.LogRecord("ekspresi", logging.INFO, "", 0, "caf\u00e9 \u202e", (), None)
    assert JsonFormatter().format(record).isascii()
