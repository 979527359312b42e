"""Decide whether a request to a busy service is sent again, and when.

In: the outcome of each attempt. Out: a pause in seconds, or the end of the attempts. Does not know about pictures.

A service that is busy answers 503 and says in ``Retry-After`` when it may be asked again (RFC 9110, 10.2.3). Where it
says nothing, pauses double from attempt to attempt. Pauses are random in part, because clients that were refused
together would else return together.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

FIRST_PAUSE_S = 0.25
"""Pause after the first attempt, in seconds, where the service gives none."""
LONGEST_PAUSE_S = 8.0
"""Longest such pause, in seconds."""
SPREAD = 0.25
"""Random part of a pause: up to this share of it is added."""

_LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
"""The connection ended before an answer, as when a service restarts. An answer depends on its request alone, so it is
safe to send the request again."""


class RequestRetries:
    """Count the attempts of one request, within a bound on all pauses together.

    Example:
        >>> retries = RequestRetries(patience_s=60, draw=lambda: 0.0)
        >>> busy = httpx.Response(503, headers={"Retry-After": "2"})
        >>> retries.pause_after(busy), retries.pause_after(httpx.Response(503))
        (2.0, 0.5)
        >>> retries.pause_after(httpx.Response(200)) is None
        True
    """

    def __init__(self, patience_s: float, draw: Callable[[], float] = random.random) -> None:
        """Begin with the first attempt.

        Args:
            patience_s: longest sum of all pauses, in seconds; 0 for a single attempt.
            draw: returns a random number, 0..1.
        """
        self._left_s, self._draw = patience_s, draw
        self._attempts = 0

    def pause_after(self, outcome: httpx.Response | httpx.HTTPError) -> float | None:
        """Return the pause before the next attempt in seconds; None where this outcome is final.

        Args:
            outcome: the answer, or the error that came instead of one.
        """
        self._attempts += 1
        stated: float | None = None
        if isinstance(outcome, httpx.Response):
            if outcome.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return None
            stated = stated_pause_s(outcome.headers.get("Retry-After"))
        elif not isinstance(outcome, _LOST):
            return None
        pause_s = min(FIRST_PAUSE_S * 2 ** (self._attempts - 1), LONGEST_PAUSE_S) if stated is None else stated
        pause_s *= 1 + SPREAD * self._draw()
        if pause_s > self._left_s:
            return None
        self._left_s -= pause_s
        return pause_s


def stated_pause_s(value: str | None) -> float | None:
    """Read ``Retry-After``: seconds, or a date; None where it is missing or neither.

    Example:
        >>> stated_pause_s("3"), stated_pause_s("soon"), stated_pause_s("Fri, 31 Dec 1999 23:59:59 GMT")
        (3.0, None, 0.0)
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
