"""Analyze a failing camera for long: check that memory stays flat and no row is doubled.

In: a camera on 127.0.0.1, in its own process, that sends motion JPEG over HTTP, stalls, dies and changes its
resolution. Out: printed lines and, with ``--out``, JSON. Uses the code of ``ekspresi predict``.

    python benchmarks/endurance.py [--frames 100000] [--reconnects 50] [--rate 200] [--out endurance.json]

Needs the extras [video] and [dev]. Each connection sends an equal part of the frames, and then closes. Every fifth
falls silent instead, which the reader takes for a loss after its time-out; every tenth attempt to connect is refused.
Sizes change from connection to connection. Two bright squares move in each frame; a detector of three lines finds
them, and the bundled recognizer, the tracker and the fusion run as always.

Live sources drop frames on purpose while others are analyzed: 'read' counts the frames that the reader received,
'analyzed' those that became results.
"""

import argparse
import io
import json
import multiprocessing
import os
import shlex
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, active_count

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import EkspresiError
from ekspresi.media.frames import read_frames
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of
from ekspresi.system.memory import KEPT_S, limit_malloc_arenas, trim_heap
from ekspresi.types import Face

SIZES = ((320, 240), (400, 304), (256, 192))
SQUARE_PX = 40
PERIOD = 100  # frames after which the squares return to their places
EARLY, LATE = (0.1, 0.2), (0.9, 1.0)  # shares of the frames between which memory is compared
LOOK = 100  # results between two readings of memory
SILENCE_S = 30.0  # longer than the reader's time-out
VERSIONS = ("ekspresi", "numpy", "onnxruntime", "pillow", "av", "scipy")


@dataclass(frozen=True, slots=True)
class Memory:
    """Hold the memory, threads and files of this process, from /proc.

    Attributes:
        frame: number of the frame at which it was looked at.
        rss_mb: now.
        peak_mb: largest up to now.
        threads: of the operating system.
        files: open files and sockets.
    """

    frame: int
    rss_mb: float
    peak_mb: float
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the figures of the run.

    Attributes:
        read: frames that the camera sent and the reader took.
        analyzed: of them.
        rows: one a face.
        rows_twice: frame and track that came before, or frames out of order: must be 0.
        reconnects: losses that were reported and repaired.
        seconds: of all.
        early: where memory was largest of all looks within ``EARLY`` of the frames.
        late: the same within ``LATE``.
        used_mb: at the end, after the allocator gave back to the system what it only kept for later: a leak would stay.
        threads_left: of Python, when all is closed; the main thread is one.
    """

    read: int
    analyzed: int
    rows: int
    rows_twice: int
    reconnects: int
    seconds: float
    early: Memory
    late: Memory
    used_mb: float
    threads_left: int


class TwoSquares:
    """Find the bright square in each half of a frame, as a face."""

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Return a face for each half of an image, uint8 (H, W, 3) RGB, with a bright square."""
        bright, middle, found = image[:, :, 0] > 128, image.shape[1] // 2, []
        for left, half in ((0, bright[:, :middle]), (middle, bright[:, middle:])):
            rows, columns = np.flatnonzero(half.any(axis=1)), np.flatnonzero(half.any(axis=0))
            if len(rows):
                box = (left + columns[0], rows[0], left + columns[-1] + 1, rows[-1] + 1)
                found.append(Face((float(box[0]), float(box[1]), float(box[2]), float(box[3])), 0.99))
        return found


def serve(channel: Connection, each: int, rate: float) -> None:
    """Send the port through the channel, then serve frames until the process is ended."""
    pictures = [[_jpeg(number, size) for number in range(PERIOD)] for size in SIZES]
    count, lock = 0, threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            nonlocal count
            with lock:
                number, count = count, count + 1
            if number % 10 == 9:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            began = time.monotonic()
            try:
                for frame in range(each):
                    jpeg = pictures[number % len(SIZES)][frame % PERIOD]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(max(began + (frame + 1) / rate - time.monotonic(), 0))
                if number % 5 == 4:
                    time.sleep(SILENCE_S)
            except OSError:  # the reader closed the connection
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    channel.send(server.server_port)
    server.serve_forever()


def _jpeg(number: int, size: tuple[int, int]) -> bytes:
    width, height = size
    picture = np.random.default_rng(number).integers(20, 60, (height, width, 3), dtype=np.uint8)
    turn = 2 * np.pi * number / PERIOD
    for middle in (width // 4, 3 * width // 4):
        left = round(middle + 0.1 * width * np.cos(turn)) - SQUARE_PX // 2
        top = round(height / 2 + 0.2 * height * np.sin(turn)) - SQUARE_PX // 2
        picture[top : top + SQUARE_PX, left : left + SQUARE_PX] += 160
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=80)
    return file.getvalue()


def status(process: int | str) -> dict[str, str]:
    """Read the status of a process, sizes in KiB; without memory if it just ended. Linux only."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines) if value.split()}


def memory(frame: int) -> Memory:
    """Read the memory, threads and files of this process."""
    own = status("self")
    files = len(list(Path("/proc/self/fd").iterdir()))
    rss_mb, peak_mb = (round(int(own[name]) / 1024, 1) for name in ("VmRSS", "VmHWM"))
    return Memory(frame, rss_mb, peak_mb, int(own["Threads"]), files)


def endure(address: str, wanted: int) -> Outcome:
    """Analyze a camera until it has sent the frames; return the figures."""
    limit_malloc_arenas()  # as the command line does
    analyzer = Analyzer(Recognizer(), TwoSquares())
    stop, errors = Event(), list[EkspresiError]()
    began = gave_s = time.monotonic()
    looks: list[Memory] = []
    seen = last = -1
    analyzed = rows = twice = 0
    results = analyze_frames(read_frames(address, stop=stop, refused=errors.append), analyzer, stop=stop)
    for result in results:
        last = result.frame.number
        tracks = [row.track for row in result.rows]
        twice += last <= seen or len(set(tracks)) < len(tracks)
        seen = last
        analyzed, rows = analyzed + 1, rows + len(tracks)
        if time.monotonic() - gave_s >= KEPT_S:
            gave_s = time.monotonic()
            trim_heap()  # as the command line does
        if analyzed % LOOK == 0:
            looks.append(memory(last))
        if analyzed % 5000 == 0:
            print(f"{time.monotonic() - began:6.0f} s  {looks[-1]}", flush=True)
        if last >= wanted - 1:
            break
    early, late = (
        max((look for look in looks if low <= look.frame / wanted <= high), key=lambda look: look.rss_mb)
        for low, high in (EARLY, LATE)
    )
    trim_heap()
    used_mb = memory(last).rss_mb
    stop.set()
    results.close()  # type: ignore[attr-defined] # it is a generator
    reconnects = sum("trying again" in str(error) for error in errors)
    seconds = round(time.monotonic() - began, 1)
    return Outcome(last + 1, analyzed, rows, twice, reconnects, seconds, early, late, used_mb, active_count())


def main() -> None:
    """Run the camera and the analysis; print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000, help="frames that the camera sends")
    parser.add_argument("--reconnects", type=int, default=50, help="number of losses")
    parser.add_argument("--rate", type=float, default=200.0, help="frames a second")
    parser.add_argument("--note", default="", help="a sentence about the machine, kept with the figures")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    # Refused attempts are losses too: a tenth of all attempts.
    connections = arguments.reconnects + 1 - (arguments.reconnects + 1) // 10
    each = -(-arguments.frames // connections)
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    camera = processes.Process(target=serve, args=(theirs, each, arguments.rate), daemon=True)
    camera.start()
    try:
        outcome = endure(f"http://127.0.0.1:{ours.recv()}/live", arguments.frames)
    finally:
        camera.terminate()
        camera.join()
    print(
        f"{outcome.read} frames read, {outcome.analyzed} analyzed, {outcome.rows} rows, {outcome.rows_twice} twice, "
        f"{outcome.reconnects} reconnects in {outcome.seconds:.0f} s\n"
        f"early at most {outcome.early.rss_mb} MB, late at most {outcome.late.rss_mb} MB, in the end {outcome.used_mb} "
        "MB of them used; "
        f"open files {outcome.early.files} and {outcome.late.files}; {outcome.threads_left} thread left"
    )
    if arguments.out is not None:
        written = {
            "command": shlex.join(["python", "benchmarks/endurance.py", *sys.argv[1:]]),
            "note": arguments.note,
            "cpu": cpu_name(),
            "load_after": os.getloadavg()[0],
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions_of(VERSIONS),
            "camera": {"sizes": SIZES, "frames_a_connection": each, "rate": arguments.rate},
            **asdict(outcome),
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
