import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ekspresi.service.problems import RequestError
from ekspresi.service.stream_session import StreamSession
from ekspresi.service.stream_sessions import StreamSessions


def fake_session(*, fails: bool = False) -> StreamSession:
    """A session that lasts until it is stopped, and takes its time for the frame in work."""
    stopping = asyncio.Event()

    async def run() -> None:
        await stopping.wait()
        await asyncio.sleep(0.02)
        if fails:
            raise RuntimeError("a bug")

    return cast(StreamSession, SimpleNamespaceWithHash(run=run, stop=stopping.set))


class SimpleNamespaceWithHash(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def test_check_room_refuses_more_than_allowed() -> None:
    async def run() -> None:
        sessions = StreamSessions(most=2)
        running = [asyncio.create_task(sessions.run(fake_session())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RequestError, match=r"has 2 streams, the most here\. Connect again later\.") as caught:
            sessions.check_room()
        assert caught.value.status == 503
        await sessions.stop()
        await asyncio.gather(*running)
        sessions.check_room()

    asyncio.run(run())


def test_stop_waits_for_every_session() -> None:
    async def run() -> None:
        sessions = StreamSessions(most=4)
        running: list[asyncio.Task[Any]] = [
            asyncio.create_task(sessions.run(fake_session(fails=number == 1))) for number in range(3)
        ]
        await asyncio.sleep(0)
        assert len(sessions) == 3
        await sessions.stop()
        assert len(sessions) == 0
        assert [type(each) for each in await asyncio.gather(*running, return_exceptions=True)][1] is RuntimeError

    asyncio.run(run())
