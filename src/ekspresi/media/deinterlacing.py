"""Fill in the missing lines of interlaced frames, by FFmpeg's filter bwdif.

In: decoded frames in order. Out: as many frames, with the same stamps. Progressive videos pass unchanged, without a
filter. Does not know about containers or time.

An interlaced frame holds two moments, on its odd and on its even lines; a face that moves is combed. The filter keeps
the lines of the first moment and estimates the others from the neighboring frames. So a frame comes out with the next.
"""

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from ekspresi.media.containers import pyav

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph


class Deinterlacer:
    """Deinterlace the frames of one stream that are flagged as interlaced.

    Attributes:
        active: an interlaced frame has come.

    Example:
        >>> from av import VideoFrame
        >>> frame, deinterlace = VideoFrame(16, 8, "yuv420p"), Deinterlacer()
        >>> deinterlace([frame]) == [frame], deinterlace.active
        (True, False)
    """

    def __init__(self) -> None:
        self.active = False
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None
        self._waiting: deque[VideoFrame] = deque()

    def __call__(self, frames: list["VideoFrame"]) -> list["VideoFrame"]:
        """Return the frames that are complete, in order: the last one waits for its successor."""
        self.active = self.active or any(frame.interlaced_frame for frame in frames)
        return [done for frame in frames for done in self._filtered(frame)] if self.active else frames

    def flush(self) -> list["VideoFrame"]:
        """Return the rest at the end of the stream."""
        if self._graph is None:
            return []
        self._graph.push(None)
        done = self._pull()
        self._graph = None
        while self._waiting:  # a single frame has no neighbor
            done.append(self._waiting.popleft())
        return done

    def _filtered(self, frame: "VideoFrame") -> list["VideoFrame"]:
        form = frame.width, frame.height, frame.format.name
        done = self.flush() if form != self._form else []
        if self._graph is None:
            self._graph, self._form = _make_graph(frame), form
        self._waiting.append(frame)
        self._graph.push(frame)
        return done + self._pull()

    def _pull(self) -> list["VideoFrame"]:
        """Take all frames that are ready, each with the stamp of the frame that went in."""
        assert self._graph is not None
        done: list[VideoFrame] = []
        error = pyav().error
        while True:
            try:
                frame = cast("VideoFrame", self._graph.pull())
            except (error.BlockingIOError, error.EOFError):
                return done
            before = self._waiting.popleft()
            frame.pts, frame.dts = before.pts, before.dts
            if before.time_base:
                frame.time_base = before.time_base  # the filter counts fields
            done.append(frame)


def _make_graph(frame: "VideoFrame") -> "Graph":
    av = pyav()
    graph: Graph = av.filter.Graph()
    frames = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 25)
    )
    bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    graph.link_nodes(frames, bwdif, graph.add("buffersink")).configure()
    return graph
