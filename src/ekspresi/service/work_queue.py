"""Run blocking work on a bounded number of threads, with a bounded number of jobs that wait.

In: functions. Out: their results, awaited. Does not know what the functions do.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ekspresi.service.problems import RequestError

P = ParamSpec("P")
T = TypeVar("T")


class WorkQueue:
    """Run functions on threads for coroutines of one event loop.

    A job whose coroutine is canceled is dropped, unless it already runs.

    Example:
        >>> queue = WorkQueue("pictures", threads=1, most_waiting=4)
        >>> asyncio.run(queue.run(max, 2, 3))
        3
        >>> queue.close()

    Attributes:
        waiting: number of jobs that wait for a thread.
    """

    def __init__(self, name: str, threads: int, most_waiting: int) -> None:
        """Prepare the threads; they start with the first jobs.

        Args:
            name: what waits, for errors and the names of threads.
            threads: number of jobs that run at once.
            most_waiting: number of jobs that may wait.
        """
        self.name, self.threads, self.most_waiting = name, threads, most_waiting
        self._unfinished = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    @property
    def waiting(self) -> int:
        """Return the number of jobs that wait for a thread."""
        return max(self._unfinished - self.threads, 0)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function on a thread, and return its result.

        Raises:
            RequestError: too many jobs wait.
            Exception: what the function raises.
        """
        if self.waiting >= self.most_waiting:
            raise RequestError("busy", f"the queue of {self.name}: is full. Send the request again later.")
        loop = asyncio.get_running_loop()
        self._unfinished += 1
        # The executor keeps a canceled job until a thread is free: without its arguments, such as a picture.
        job = [partial(function, *args, **kwargs)]
        future = self._executor.submit(lambda: job.pop()())
        future.add_done_callback(lambda _: job.clear())
        future.add_done_callback(lambda _: _call(loop, self._count_finished))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait until the jobs are done, and end the threads."""
        self._executor.shutdown()

    def _count_finished(self) -> None:
        self._unfinished -= 1


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    """Call a function on the thread of a loop, unless the loop has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)
