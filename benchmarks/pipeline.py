"""Measure how fast rows come from a video and from photographs, and how busy the cores are.

In: the pictures of examples/ and of scikit-image, and the bundled models. Out: a printed table and, with ``--out``,
JSON. Does not know how the stages overlap.

    python benchmarks/pipeline.py [--detector mtcnn --detector yunet:FILE] [--out pipeline.json] [--rounds 5]

Needs the extras [dev] (the background is a photograph of scikit-image), [video] and, for yunet, [yunet].

Video: 640 x 480 pixels, H.264, 25 frames/s, 20 seconds: five faces, 30 to 120 px wide, move over a photograph of a
workshop, with sensor noise (sigma 2) in each frame. Folder: 1,000 JPEGs of 320 x 240 pixels, each a part of the same
photograph with one to three faces 24 to 60 px wide. Both are made in a temporary folder.

The time is that of all stages to the last row: decode, find, recognize, track. 'stream' is ``stream.analyze_frames``;
'one after another' reads a frame and gives it to ``Analyzer.analyze``, then the next, without tracks. They take turns,
so that a slow phase of the machine slows both; figures are medians. 'busy' is CPU time over wall time times cores,
without other programs. 'idle' is the share of the cores' time that no program used (Linux only).
"""

import argparse
import hashlib
import json
import math
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from ekspresi.detection.detector import make_detector
from ekspresi.media.frames import read_frames
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of
from ekspresi.system.onnx_runtime import cpus

Pixels = NDArray[np.float32]

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MIN_FACE_PX = 24.0
SIZE, RATE, SECONDS = (640, 480), 25, 20
PHOTO_SIZE, PHOTOS = (320, 240), 1000
NOISE = 2.0
WIDTHS = (120, 85, 60, 42, 30)  # of the faces in the video; the two largest are the astronaut's
PORTRAIT = (120, 5, 330, 250)  # part of examples/astronaut.jpg that is pasted
PORTRAIT_FACE_PX = 88
SHEET_PX, SHEET_STEP_PX, SHEET_MARGIN_PX = 25, 44, 9  # faces of examples/lfw-faces.png and where they lie
SHEET_FACE_PX = 19
EDGE = 0.12  # of a pasted picture's side, over which it fades in
VERSIONS = ("ekspresi", "numpy", "onnxruntime", "pillow", "av", "scipy", "opencv-python-headless", "scikit-image")


@dataclass(frozen=True, slots=True)
class Run:
    """Hold the cost and the rows of one pass over a source."""

    frames: int
    rows: int
    tracks: int
    wall_s: float
    cpu_s: float
    idle: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold the figures of all passes of one kind.

    Attributes:
        what: 'video' or 'photos'.
        detector: its name.
        way: 'stream' or 'one after another'.
        frames: of one pass.
        rows: of one pass.
        tracks: of one pass; 0 without.
        frames_per_s: median of all passes.
        slowest, fastest: of them, frames/s.
        busy: median of CPU time over wall time times cores.
        idle: median share of the cores' time that no program used; nan if the system does not report it.
        cpu_ms: CPU time a frame, median.
        passes: how many.
    """

    what: str
    detector: str
    way: str
    frames: int
    rows: int
    tracks: int
    frames_per_s: float
    slowest: float
    fastest: float
    busy: float
    idle: float
    cpu_ms: float
    passes: int


def background() -> Pixels:
    """Load a photograph with much texture and without people, RGB float32 (480, 640, 3)."""
    picture = Image.fromarray(skimage.data.stereo_motorcycle()[0])
    return np.asarray(picture.resize(SIZE, Image.Resampling.LANCZOS), dtype=np.float32)


def face(number: int, width_px: int) -> Pixels:
    """Cut a face from examples/, RGB float32 (h, w, 3): 0 the astronaut, 1 to 24 from the sheet."""
    if number == 0:
        picture, own_px = Image.open(EXAMPLES / "astronaut.jpg").crop(PORTRAIT), PORTRAIT_FACE_PX
    else:
        row, column = divmod(number - 1, 6)
        left, top = SHEET_MARGIN_PX + column * SHEET_STEP_PX, SHEET_MARGIN_PX + row * SHEET_STEP_PX
        sheet = Image.open(EXAMPLES / "lfw-faces.png")
        picture, own_px = sheet.crop((left, top, left + SHEET_PX, top + SHEET_PX)), SHEET_FACE_PX
    scale = width_px / own_px
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def paste(picture: Pixels, pixels: Pixels, left: int, top: int) -> None:
    """Blend pixels into a picture, in place; they fade in over ``EDGE`` of their sides."""
    height, width = pixels.shape[:2]
    across, down = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    inside = np.minimum.outer(np.minimum(down, 1 - down), np.minimum(across, 1 - across))
    alpha = np.clip(inside / EDGE, 0, 1).astype(np.float32)[:, :, None]
    area = picture[top : top + height, left : left + width]
    area[:] = area * (1 - alpha) + pixels * alpha


def add_noise(picture: Pixels, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Add noise and round, as a camera does."""
    noisy = picture + generator.normal(0, NOISE, picture.shape).astype(np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def write_video(path: Path) -> None:
    """Write a video of five faces, each moving around its own place."""
    generator, behind = np.random.default_rng(0), background()
    faces = [face(number, width) for number, width in zip((0, 0, 5, 12, 23), WIDTHS, strict=True)]
    centers = ((150, 170), (470, 150), (330, 380), (110, 400), (540, 380))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(RATE * SECONDS):
            picture = behind.copy()
            for i, (pixels, (x, y)) in enumerate(zip(faces, centers, strict=True)):
                turn = 2 * np.pi * number / RATE / (5 + i)  # once around in 5 to 9 seconds
                left = round(x + 35 * np.cos(turn)) - pixels.shape[1] // 2
                top = round(y + 20 * np.sin(turn)) - pixels.shape[0] // 2
                paste(picture, pixels, min(max(left, 0), SIZE[0] - pixels.shape[1]), max(top, 0))
            frame = av.VideoFrame.from_ndarray(add_noise(picture, generator), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_photos(folder: Path, count: int) -> None:
    """Write parts of the background with one to three faces side by side."""
    generator, behind = np.random.default_rng(1), background()
    folder.mkdir()
    width, height = PHOTO_SIZE
    for number in range(count):
        left, top = generator.integers(0, (SIZE[0] - width, SIZE[1] - height)).tolist()
        picture = behind[top : top + height, left : left + width].copy()
        people = int(generator.integers(1, 4))
        for i in range(people):
            pixels = face(int(generator.integers(0, 25)), int(generator.integers(24, 61)))
            room = width // people - pixels.shape[1]
            x = i * (width // people) + (int(generator.integers(0, room)) if room > 0 else 0)
            y = int(generator.integers(0, height - pixels.shape[0]))
            paste(picture, pixels[:, : width - x], x, y)
        Image.fromarray(add_noise(picture, generator)).save(folder / f"{number:04d}.jpg", quality=90)


def run_stream(source: Path, analyzer: Analyzer) -> Run:
    """Analyze a source with ``stream.analyze_frames``."""
    return time_pass(
        lambda: ([(row.track, 1) for row in result.rows] for result in analyze_frames(read_frames(source), analyzer))
    )


def run_one_by_one(source: Path, analyzer: Analyzer) -> Run:
    """Analyze a source one frame after another."""
    return time_pass(lambda: ([(None, 1) for _ in analyzer.analyze(frame.image)] for frame in read_frames(source)))


def time_pass(run: Callable[[], Iterator[list[tuple[int | None, int]]]]) -> Run:
    """Time a pass that yields the tracks of each frame."""
    count, rows, tracks = 0, 0, set()
    wall, cpu, (idle, whole) = time.perf_counter(), time.process_time(), read_core_times()
    for found in run():
        count, rows = count + 1, rows + len(found)
        tracks |= {track for track, _ in found if track is not None}
    wall_s, cpu_s, (idle_after, whole_after) = time.perf_counter() - wall, time.process_time() - cpu, read_core_times()
    share = (idle_after - idle) / (whole_after - whole) if whole_after > whole else math.nan
    return Run(count, rows, len(tracks), wall_s, cpu_s, share)


def read_core_times() -> tuple[int, int]:
    """Read the idle and the whole time of all cores since the start, in ticks; zeros if unknown."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    except OSError:
        return 0, 0
    return ticks[3] + ticks[4], sum(ticks)


def summarize(what: str, name: str, way: str, runs: list[Run]) -> Figure:
    """Compute the medians of all passes of one kind."""
    speeds = [run.frames / run.wall_s for run in runs]
    return Figure(
        what,
        name.partition(":")[0],
        way,
        runs[0].frames,
        runs[0].rows,
        runs[0].tracks,
        round(float(np.median(speeds)), 1),
        round(min(speeds), 1),
        round(max(speeds), 1),
        round(float(np.median([run.cpu_s / run.wall_s / cpus() for run in runs])), 3),
        round(float(np.median([run.idle for run in runs])), 3),
        round(float(np.median([1e3 * run.cpu_s / run.frames for run in runs])), 1),
        len(runs),
    )


def measure(what: str, source: Path, name: str, rounds: int) -> Iterator[Figure]:
    """Measure both ways on a source with a detector, in turn."""
    analyzer = Analyzer(Recognizer(), make_detector(name, MIN_FACE_PX))
    analyzer.analyze(add_noise(background(), np.random.default_rng(2)))  # loads the networks
    ways = {"stream": run_stream, "one after another": run_one_by_one}
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways)[:: -1 if number % 2 else 1]:
            runs[way].append(ways[way](source, analyzer))
    for way in ways:
        yield summarize(what, name, way, runs[way])


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", action="append", help="name of a detector; repeat it for several; default: mtcnn")
    parser.add_argument("--rounds", type=int, default=5, help="passes of each kind")
    parser.add_argument("--photos", type=int, default=PHOTOS, help="number of photographs")
    parser.add_argument("--note", default="", help="a sentence about the machine, kept with the figures")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    names: list[str] = arguments.detector or ["mtcnn"]
    recognizer = Recognizer()
    machine: dict[str, Any] = {
        "command": shlex.join(["python", "benchmarks/pipeline.py", *sys.argv[1:]]),
        "note": arguments.note,
        "cpu": cpu_name(),
        "cores_used": cpus(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions_of(VERSIONS),
        "model": recognizer.metadata.name,
        "model_sha256": hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
        "min_face_px": MIN_FACE_PX,
        "video": {"size": SIZE, "rate": RATE, "seconds": SECONDS, "face_px": WIDTHS, "noise": NOISE},
        "photos": {"size": PHOTO_SIZE, "count": arguments.photos},
    }
    print(
        f"{machine['cpu']}, {machine['cores_used']} used, load before {machine['load_before']:.1f}, {machine['date']}"
    )
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        video, photos = Path(folder) / "faces.mp4", Path(folder) / "photos"
        write_video(video)
        write_photos(photos, arguments.photos)
        for name in names:
            for what, source in (("video", video), ("photos", photos)):
                for found in measure(what, source, name, arguments.rounds):
                    figures.append(found)
                    print(
                        f"{found.detector:6} {found.what:7} {found.way:18}{found.frames_per_s:7.1f} frames/s "
                        f"({found.slowest:.1f} to {found.fastest:.1f}), busy {found.busy:.2f}, idle {found.idle:.2f}, "
                        f"{found.cpu_ms:.1f} ms of CPU a frame, {found.rows / found.frames:.2f} faces a frame, "
                        f"{found.tracks} tracks",
                        flush=True,
                    )
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**machine, "figures": [asdict(one) for one in figures]}, indent=1)
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
