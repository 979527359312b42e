"""Count the open streams of a service, and end them when it stops.

In: sessions. Out: whether another may begin. Does not know what a session does.
"""

import asyncio

from ekspresi.service.problems import RequestError
from ekspresi.service.stream_session import StreamSession


class StreamSessions:
    """Hold the sessions that are open, up to a number.

    Example:
        >>> sessions = StreamSessions(most=4)
        >>> len(sessions), asyncio.run(sessions.stop())
        (0, None)
    """

    def __init__(self, most: int) -> None:
        """Begin without sessions.

        Args:
            most: number of sessions that may be open at once.
        """
        self._most = most
        self._open: dict[StreamSession, asyncio.Future[None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def check_room(self) -> None:
        """Check that another session may begin.

        Raises:
            RequestError: as many as allowed are open.
        """
        if len(self._open) >= self._most:
            raise RequestError("busy", f"the service: has {self._most} streams, the most here. Connect again later.")

    async def run(self, session: StreamSession) -> None:
        """Run a session to its end."""
        ended = self._open[session] = asyncio.get_running_loop().create_future()
        try:
            await session.run()
        finally:
            del self._open[session]
            if not ended.done():
                ended.set_result(None)

    async def stop(self) -> None:
        """End all sessions, each once its frame in work is answered, and wait for them."""
        ended = list(self._open.values())
        for session in list(self._open):
            session.stop()
        if ended:
            await asyncio.wait(ended)
