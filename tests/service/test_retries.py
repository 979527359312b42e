from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.service.retries import FIRST_PAUSE_S, LONGEST_PAUSE_S, SPREAD, RequestRetries, stated_pause_s

BUSY = httpx.Response(503)


def busy(seconds: str) -> httpx.Response:
    return httpx.Response(503, headers={"Retry-After": seconds})


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 413, 422, 429, 500, 502, 504])
def test_pause_after_other_answers_is_none(status: int) -> None:
    assert RequestRetries(patience_s=60).pause_after(httpx.Response(status)) is None


def test_pause_after_busy_answers_doubles_up_to_a_bound() -> None:
    retries = RequestRetries(patience_s=1000, draw=lambda: 0.0)
    pauses = [retries.pause_after(BUSY) for _ in range(8)]
    assert pauses == [FIRST_PAUSE_S * 2**n for n in range(6)] + [LONGEST_PAUSE_S] * 2


@given(draw=st.floats(0, 1), stated=st.integers(0, 40))
def test_pause_after_retry_after_is_never_shorter(draw: float, stated: int) -> None:
    pause = RequestRetries(patience_s=60, draw=lambda: draw).pause_after(busy(str(stated)))
    assert pause is not None
    assert stated <= pause <= stated * (1 + SPREAD)


@given(stated=st.lists(st.integers(0, 30), max_size=40), patience_s=st.floats(0, 100))
def test_pauses_together_stay_within_the_patience(stated: list[int], patience_s: float) -> None:
    retries = RequestRetries(patience_s)
    pauses = [retries.pause_after(busy(str(each))) for each in stated]
    assert sum(pause for pause in pauses if pause is not None) <= patience_s + 1e-9


def test_pause_after_too_long_a_wait_is_none() -> None:
    assert RequestRetries(patience_s=60).pause_after(busy("61")) is None
    assert RequestRetries(patience_s=0).pause_after(BUSY) is None


@pytest.mark.parametrize("lost", [httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError])
def test_pause_after_lost_connection_tries_again(lost: type[httpx.HTTPError]) -> None:
    assert RequestRetries(patience_s=60).pause_after(lost("gone")) is not None


@pytest.mark.parametrize(
    "final", [httpx.ConnectError, httpx.ReadTimeout, httpx.ConnectTimeout, httpx.UnsupportedProtocol]
)
def test_pause_after_other_errors_is_none(final: type[httpx.HTTPError]) -> None:
    assert RequestRetries(patience_s=60).pause_after(final("no")) is None


def test_stated_pause_reads_dates() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert 27 < (stated_pause_s(format_datetime(soon, usegmt=True)) or 0) <= 30
    assert stated_pause_s(format_datetime(soon - timedelta(hours=1), usegmt=True)) == 0


@given(value=st.text())
def test_stated_pause_never_fails(value: str) -> None:
    found = stated_pause_s(value)
    assert found is None or found >= 0
