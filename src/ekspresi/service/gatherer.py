"""Gather the crops of concurrent requests into batches, on one thread.

In: prepared crops of many requests. Out: to each request the answers to its own crops. Does not know about pictures,
labels or HTTP.

A batch takes crops of all waiting requests in turn, ``TURN`` at a time, so a request of one crop does not wait for one
of hundreds. A batch starts when it is full, or when its first crop has waited for ``wait_s``. While a batch runs, the
next one gathers.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ekspresi.service.problems import RequestError

TURN = 8
"""Crops that a request gives to a batch before the next request has its turn."""

Floats = NDArray[np.float64]
Network = Callable[[NDArray[np.float32], Floats], tuple[Floats, Floats]]
"""Input (N, 1, S, S) and the side of each crop in pixels (N,) -> logits (N, K) and effective sizes in pixels (N,)."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCrops:
    """Hold N crops as the network takes them.

    Example:
        >>> len(PreparedCrops(np.zeros((2, 1, 64, 64), np.float32), np.array([24.0, 30.0])))
        2

    Attributes:
        tensor: float32 (N, 1, S, S).
        face_px: float64 (N,), the shorter side of each crop in pixels.
    """

    tensor: NDArray[np.float32]
    face_px: Floats

    def __len__(self) -> int:
        return len(self.face_px)

    def __getitem__(self, part: slice) -> "PreparedCrops":
        return PreparedCrops(self.tensor[part], self.face_px[part])


@dataclass(slots=True, eq=False)
class _Job:
    """Hold the crops of one request, and the answers to the first ``taken`` of them."""

    crops: PreparedCrops
    future: Future[tuple[Floats, Floats]] = field(default_factory=Future)
    taken: int = 0
    answers: list[tuple[Floats, Floats]] = field(default_factory=list)

    @property
    def left(self) -> int:
        return len(self.crops) - self.taken


class Gatherer:
    """Run a network on the crops of concurrent requests, in batches.

    Example:
        >>> gatherer = Gatherer(lambda tensor, face_px: (tensor.mean(axis=(2, 3)).astype(float), face_px))
        >>> crops = PreparedCrops(np.full((1, 1, 8, 8), 3, np.float32), np.array([24.0]))
        >>> [values.tolist() for values in asyncio.run(gatherer.run(crops))]
        [[[3.0]], [24.0]]
        >>> gatherer.close()
    """

    def __init__(
        self,
        network: Network,
        *,
        batch_crops: int = 16,
        wait_s: float = 0.002,
        most_waiting: int = 1024,
        observe: Callable[[int], None] = lambda crops: None,
    ) -> None:
        """Prepare the thread; it starts with the first crops.

        Args:
            network: runs a batch; on the thread of the gatherer alone.
            batch_crops: number of crops of a full batch.
            wait_s: how long the first crop of a batch waits for others, in seconds.
            most_waiting: number of crops that may wait.
            observe: is called with the number of crops of each batch.
        """
        self._network, self._observe = network, observe
        self._batch_crops, self._wait_s, self._most_waiting = batch_crops, wait_s, most_waiting
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Return the number of crops that wait for a batch."""
        with self._changed:
            return self._count()

    async def run(self, crops: PreparedCrops) -> tuple[Floats, Floats]:
        """Run the network on N crops; if the coroutine is canceled, the crops that still wait are dropped.

        Returns:
            What the network returns for these crops, in their order.

        Raises:
            RequestError: too many crops wait.
            Exception: what the network raises for these crops.
        """
        job = _Job(crops)
        with self._changed:
            if self._closed:
                raise RequestError("stopping", "the service: stops. Send the request to another one, or again later.")
            waiting = self._count()
            if waiting and waiting + len(crops) > self._most_waiting:
                raise RequestError("busy", "the queue of crops: is full. Send the request again later.")
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="gatherer", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return await asyncio.wrap_future(job.future)

    def close(self) -> None:
        """Answer the crops that wait, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _count(self) -> int:
        return sum(job.left for job in self._jobs if not job.future.done())

    def _work(self) -> None:
        while parts := self._next_batch():
            self._observe(sum(len(crops) for _, crops in parts))
            for (job, _), answer in zip(parts, self._answer([crops for _, crops in parts]), strict=True):
                try:
                    _take(job, answer)
                except Exception as error:  # such as a lack of memory: the thread must not end
                    _finish(job, error)

    def _next_batch(self) -> list[tuple[_Job, PreparedCrops]]:
        """Wait for crops, and take a batch; empty only once the gatherer is closed and no crop waits."""
        with self._changed:
            parts: list[tuple[_Job, PreparedCrops]] = []
            while not parts:  # again, if all were canceled meanwhile
                while not self._count():
                    self._jobs.clear()  # those left are canceled, or have failed
                    if self._closed:
                        return []
                    self._changed.wait()
                until = time.monotonic() + self._wait_s
                while self._count() < self._batch_crops and not self._closed:
                    if not self._changed.wait(until - time.monotonic()):
                        break
                parts = self._take_turns()
            return parts

    def _take_turns(self) -> list[tuple[_Job, PreparedCrops]]:
        """Take crops of all jobs in turn, up to a full batch."""
        parts: list[tuple[_Job, PreparedCrops]] = []
        room = self._batch_crops
        while self._jobs and room:
            job = self._jobs.popleft()
            if job.future.done():  # canceled, or failed in an earlier batch
                continue
            number = min(TURN, job.left, room)
            parts.append((job, job.crops[job.taken : job.taken + number]))
            job.taken += number
            room -= number
            if job.left:
                self._jobs.append(job)
        return parts

    def _answer(self, parts: list[PreparedCrops]) -> list[tuple[Floats, Floats] | Exception]:
        """Run one batch; if it fails, run each part alone, so that only those that fail have no answer."""
        try:
            tensor = np.concatenate([part.tensor for part in parts])
            logits, sizes = self._network(tensor, np.concatenate([part.face_px for part in parts]))
        except Exception as error:
            return [error] if len(parts) == 1 else [answer for part in parts for answer in self._answer([part])]
        ends = np.cumsum([len(part) for part in parts])[:-1]
        return list(zip(np.split(logits, ends), np.split(sizes, ends), strict=True))


def _take(job: _Job, answer: tuple[Floats, Floats] | Exception) -> None:
    """Give a job the answer to its next crops."""
    if isinstance(answer, Exception):
        _finish(job, answer)
        return
    job.answers.append(answer)
    if sum(len(sizes) for _, sizes in job.answers) == len(job.crops):
        logits, sizes = zip(*job.answers, strict=True)
        _finish(job, (np.concatenate(logits), np.concatenate(sizes)))


def _finish(job: _Job, answer: tuple[Floats, Floats] | Exception) -> None:
    """Give a job its answer, unless it was canceled or has failed."""
    if job.future.done() or not job.future.set_running_or_notify_cancel():
        return
    if isinstance(answer, Exception):
        job.future.set_exception(answer)
    else:
        job.future.set_result(answer)
