"""Crops of many requests share a batch, and each request gets the answers to its own crops."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ekspresi.service.gatherer import TURN, Gatherer, PreparedCrops
from ekspresi.service.problems import RequestError

SIDE = 4


def crops(*marks: float) -> PreparedCrops:
    tensor = np.zeros((len(marks), 1, SIDE, SIDE), np.float32) + np.array(marks, np.float32)[:, None, None, None]
    return PreparedCrops(tensor, np.array(marks, np.float64) + 100)


class Network:
    """Answer the mark of each crop; batches wait until ``gate`` is set."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, tensor: Any, face_px: Any) -> Any:
        self.batches.append(tensor[:, 0, 0, 0].tolist())
        self.gate.wait(5)
        if -1 in self.batches[-1]:
            raise ValueError("a bad crop")
        return tensor[:, 0, 0, :1].astype(np.float64), face_px


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def make(network: Network) -> Any:
    made: list[Gatherer] = []

    def build(**options: Any) -> Gatherer:
        made.append(Gatherer(network, **options))
        return made[-1]

    yield build
    network.gate.set()
    for gatherer in made:
        gatherer.close()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("the condition never came true")


async def hold(gatherer: Gatherer, network: Network) -> "asyncio.Task[Any]":
    """Keep the thread busy with one crop."""
    network.gate.clear()
    task = asyncio.create_task(gatherer.run(crops(1000)))
    await until(lambda: bool(network.batches))
    return task


def test_run_gives_each_request_its_own_answers(make: Any) -> None:
    gatherer = make(batch_crops=5)

    async def ask(start: int, number: int) -> bool:
        marks = [float(start + i) for i in range(number)]
        logits, sizes = await gatherer.run(crops(*marks))
        return logits[:, 0].tolist() == marks and sizes.tolist() == [mark + 100 for mark in marks]

    async def everyone() -> list[bool]:
        return await asyncio.gather(*(ask(100 * i, 1 + i % 13) for i in range(60)))

    assert all(asyncio.run(everyone()))


def test_run_of_concurrent_requests_shares_batches(make: Any, network: Network) -> None:
    gatherer = make(batch_crops=64)

    async def everyone() -> None:
        held = await hold(gatherer, network)
        tasks = [asyncio.create_task(gatherer.run(crops(i))) for i in range(20)]
        await until(lambda: gatherer.waiting == 20)
        network.gate.set()
        await asyncio.gather(held, *tasks)

    asyncio.run(everyone())
    assert [len(batch) for batch in network.batches] == [1, 20]


def test_run_of_one_crop_passes_a_large_request(make: Any, network: Network) -> None:
    gatherer = make(batch_crops=2 * TURN)

    async def everyone() -> None:
        held = await hold(gatherer, network)
        large = asyncio.create_task(gatherer.run(crops(*range(100, 100 + 10 * TURN))))
        await asyncio.sleep(0)
        small = asyncio.create_task(gatherer.run(crops(7)))
        await until(lambda: gatherer.waiting == 10 * TURN + 1)
        network.gate.set()
        await asyncio.gather(held, large, small)

    asyncio.run(everyone())
    assert 7 in network.batches[1] and len(network.batches[1]) == 2 * TURN


def test_run_with_a_full_queue_is_refused(make: Any, network: Network) -> None:
    gatherer = make(most_waiting=3)

    async def everyone() -> RequestError:
        held = await hold(gatherer, network)
        waiting = asyncio.create_task(gatherer.run(crops(1, 2)))
        await until(lambda: gatherer.waiting == 2)
        with pytest.raises(RequestError) as caught:
            await gatherer.run(crops(3, 4))
        network.gate.set()
        await asyncio.gather(held, waiting)
        return caught.value

    error = asyncio.run(everyone())
    assert (error.status, error.headers["Retry-After"]) == (503, "1")


def test_run_that_is_canceled_leaves_the_queue(make: Any, network: Network) -> None:
    gatherer = make()

    async def everyone() -> None:
        held = await hold(gatherer, network)
        gone = asyncio.create_task(gatherer.run(crops(1, 2)))
        stays = asyncio.create_task(gatherer.run(crops(3)))
        await until(lambda: gatherer.waiting == 3)
        gone.cancel()
        await until(lambda: gatherer.waiting == 1)
        network.gate.set()
        await asyncio.gather(held, stays)

    asyncio.run(everyone())
    assert network.batches == [[1000.0], [3.0]]


def test_run_of_a_bad_crop_fails_alone(make: Any, network: Network) -> None:
    gatherer = make()

    async def everyone() -> list[Any]:
        held = await hold(gatherer, network)
        tasks = [asyncio.create_task(gatherer.run(crops(mark))) for mark in (1, -1, 2)]
        await until(lambda: gatherer.waiting == 3)
        network.gate.set()
        return await asyncio.gather(held, *tasks, return_exceptions=True)

    _, first, bad, second = asyncio.run(everyone())
    assert (first[0].item(), second[0].item(), str(bad)) == (1, 2, "a bad crop")


def test_close_answers_what_was_taken(make: Any, network: Network) -> None:
    gatherer = make(batch_crops=2, wait_s=60.0)

    async def everyone() -> Any:
        held = asyncio.create_task(gatherer.run(crops(1)))
        await until(lambda: gatherer.waiting == 1)
        await asyncio.to_thread(gatherer.close)
        with pytest.raises(RequestError, match="stops"):
            await gatherer.run(crops(2))
        return await held

    assert asyncio.run(everyone())[0].item() == 1


def test_run_after_the_only_request_left_is_answered(make: Any) -> None:
    gatherer = make(wait_s=0.2)

    async def everyone() -> list[float]:
        gone = asyncio.create_task(gatherer.run(crops(1)))
        await asyncio.sleep(0.05)  # it waits for others
        gone.cancel()
        await asyncio.sleep(0.3)
        async with asyncio.timeout(5):
            return [float(value) for value in (await gatherer.run(crops(2)))[0].ravel()]

    assert asyncio.run(everyone()) == [2.0]


def test_run_after_a_long_request_failed_is_answered(make: Any) -> None:
    gatherer = make(batch_crops=4)

    async def everyone() -> list[float]:
        with pytest.raises(ValueError, match="a bad crop"):
            await gatherer.run(crops(-1, *range(20)))
        async with asyncio.timeout(5):
            return [float(value) for value in (await gatherer.run(crops(2)))[0].ravel()]

    assert asyncio.run(everyone()) == [2.0]
