"""Measure how much memory ``ekspresi predict`` takes for an hour of video, on this machine.

In: the video of ``pipeline.py``, repeated until it lasts ``--minutes``. Out: printed lines and, with ``--out``, JSON.
Starts the command as users do, and watches its process.

    python benchmarks/long_video.py [--minutes 60] [--every 1s] [--out runs/long-video.json]

Needs Linux, the extras [dev] and [video]. The command writes a table, a film and a page; every frame is decoded, and
one in each ``--every`` analyzed and drawn, with the smallest face left at its default of 12 px.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av

from ekspresi.system.machine import cpu_name, versions_of
from endurance import status
from pipeline import SECONDS, VERSIONS, write_video

LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the figures of the command's process.

    Attributes:
        seconds: of the run.
        rows: of its table.
        peak_mb: largest memory at any time, as the system kept it (VmHWM).
        early_mb: largest that was seen in the second tenth of the time.
        late_mb: largest that was seen in the last tenth.
    """

    seconds: float
    rows: int
    peak_mb: float
    early_mb: float
    late_mb: float


def repeat(short: Path, long: Path, times: int) -> None:
    """Write the packets of a video several times as one video."""
    with av.open(str(long), "w") as to:
        stream = None
        for number in range(times):
            with av.open(str(short)) as of:
                source = of.streams.video[0]
                stream = stream or to.add_stream_from_template(source)
                assert source.time_base is not None
                later = round(Fraction(number * SECONDS) / source.time_base)
                for packet in of.demux(source):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
                        to.mux(packet)


def watch(words: list[str]) -> tuple[float, list[tuple[float, float]], float]:
    """Run a command; return its seconds, its memory in MB at each reading, and the peak.

    Raises:
        RuntimeError: it failed.
    """
    began, seen, peak = time.monotonic(), list[tuple[float, float]](), 0.0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            found = status(process.pid)
            if "VmRSS" in found:  # missing if the process has just ended
                seen.append((time.monotonic() - began, int(found["VmRSS"]) / 1024))
                peak = int(found["VmHWM"]) / 1024
            time.sleep(LOOK_S)
        if process.returncode:
            raise RuntimeError(f"{shlex.join(words)} ended with {process.returncode}")
    return time.monotonic() - began, seen, peak


def measure(minutes: int, every: str) -> Outcome:
    """Make the video and analyze it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_video(folder / "short.mp4")
        repeat(folder / "short.mp4", folder / "long.mkv", round(60 * minutes / SECONDS))
        table = folder / "rows.csv"
        outputs = ["--out", str(table), "--annotate", str(folder / "films"), "--page", str(folder / "page.html")]
        command = ["-m", "ekspresi", "predict", str(folder / "long.mkv"), "--every", every, *outputs]
        seconds, seen, peak_mb = watch([sys.executable, *command])
        rows = len(table.read_text(encoding="utf-8").splitlines()) - 1
    early = max(mb for at, mb in seen if 0.1 * seconds <= at <= 0.2 * seconds)
    late = max(mb for at, mb in seen if at >= 0.9 * seconds)
    return Outcome(round(seconds, 1), rows, round(peak_mb, 1), round(early, 1), round(late, 1))


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60, help="length of the video")
    parser.add_argument("--every", default="1s", help="time from one analyzed frame to the next")
    parser.add_argument("--note", default="", help="a sentence about the machine, kept with the figures")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    outcome = measure(arguments.minutes, arguments.every)
    print(
        f"{arguments.minutes} minutes of video, one frame in {arguments.every}: {outcome.rows} rows in "
        f"{outcome.seconds:.0f} s; memory {outcome.early_mb:.0f} MB early, {outcome.late_mb:.0f} MB late, "
        f"{outcome.peak_mb:.0f} MB at most"
    )
    if arguments.out is not None:
        written = {
            "command": shlex.join(["python", "benchmarks/long_video.py", *sys.argv[1:]]),
            "note": arguments.note,
            "cpu": cpu_name(),
            "load_after": os.getloadavg()[0],
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions_of(VERSIONS),
            "minutes": arguments.minutes,
            "every": arguments.every,
            **asdict(outcome),
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
