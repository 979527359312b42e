"""A bounded number of jobs run and wait."""

import asyncio
import gc
import threading
import weakref

import pytest

from ekspresi.service.problems import RequestError
from ekspresi.service.work_queue import WorkQueue


def test_run_returns_results_and_raises_errors() -> None:
    queue = WorkQueue("jobs", threads=2, most_waiting=2)

    async def everyone() -> int:
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0)
        return await queue.run(max, 2, 3)

    assert asyncio.run(everyone()) == 3
    queue.close()


def test_run_beyond_the_queue_is_refused_and_recovers() -> None:
    queue = WorkQueue("jobs", threads=1, most_waiting=2)
    gate = threading.Event()

    async def everyone() -> list[bool]:
        tasks = [asyncio.create_task(queue.run(gate.wait, 5)) for _ in range(3)]
        await asyncio.sleep(0)
        assert queue.waiting == 2
        with pytest.raises(RequestError, match="the queue of jobs: is full"):
            await queue.run(gate.wait, 5)
        gate.set()
        done = await asyncio.gather(*tasks)
        await asyncio.sleep(0)
        assert queue.waiting == 0
        return [*done, await queue.run(gate.wait, 5)]

    assert asyncio.run(everyone()) == [True] * 4
    queue.close()


def test_run_that_is_canceled_before_its_turn_never_runs() -> None:
    queue = WorkQueue("jobs", threads=1, most_waiting=2)
    gate = threading.Event()
    ran: list[int] = []

    async def everyone() -> None:
        first = asyncio.create_task(queue.run(gate.wait, 5))
        second = asyncio.create_task(queue.run(ran.append, 1))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.sleep(0.01)
        assert queue.waiting == 0
        gate.set()
        await first

    asyncio.run(everyone())
    queue.close()
    assert ran == []


def test_run_that_is_canceled_frees_its_arguments() -> None:
    queue = WorkQueue("jobs", threads=1, most_waiting=2)
    gate = threading.Event()

    class Picture:
        pass

    async def everyone() -> None:
        first = asyncio.create_task(queue.run(gate.wait, 5))
        await asyncio.sleep(0)
        picture = Picture()
        held = weakref.ref(picture)
        second = asyncio.create_task(queue.run(id, picture))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        del picture, second
        await asyncio.sleep(0.01)  # the frame of the coroutine ends
        gc.collect()
        assert held() is None
        gate.set()
        await first

    asyncio.run(everyone())
    queue.close()
