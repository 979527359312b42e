"""A video and a folder of photographs -> how fast rows come, and whether all cores are busy, on this machine.

In: the pictures of examples/ and of scikit-image, and the bundled models. Out: a printed table and, with ``--out``,
JSON. Knows nothing of how the stages overlap.

    python benchmarks/pipeline.py [--detector mtcnn --detector yunet:FILE] [--out pipeline.json] [--rounds 5]

Needs the extras [dev] (the background is a photograph of scikit-image), [video] and, for yunet, [yunet].

Video: 640 x 480 pixels, H.264, 25 frames/s, 20 seconds: five faces, 30 to 120 px wide, wander over a photograph of a
workshop, with sensor noise (sigma 2) in each frame. Folder: 1,000 JPEGs of 320 x 240 pixels, each a part of the same
photograph with one to three faces 24 to 60 px wide. Both are made in a temporary folder.

What is timed is all of it: decode, find, recognize, follow, to the last row. 'stream' is ``stream.analyze_frames``;
'one after another' reads a frame and gives it to ``Analyzer.analyze``, then the next, without tracks. They take turns,
so that a machine that slows down slows both alike; medians. 'busy' is CPU time over wall time times cores; what other
programs take is missing in it. 'idle' is the share of the cores' time that nobody used (Linux tells it).
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
    """What one pass over a source cost and found."""

    frames: int
    rows: int
    tracks: int
    wall_s: float
    cpu_s: float
    idle: float


@dataclass(frozen=True, slots=True)
class Figure:
    """All passes of one kind.

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
        idle: median share of the cores' time that no program used; nan where the system does not tell.
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
    """A photograph with much texture and nobody in it, RGB float32 (480, 640, 3)."""
    picture = Image.fromarray(skimage.data.stereo_motorcycle()[0])
    return np.asarray(picture.resize(SIZE, Image.Resampling.LANCZOS), dtype=np.float32)


def face(number: int, width_px: int) -> Pixels:
    """A face of examples/, RGB float32 (h, w, 3): 0 the astronaut, 1 to 24 those of the sheet."""
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


def finished(picture: Pixels, generator: np.random.Generator) -> NDArray[np.uint8]:
    """As a camera gives it: with noise, rounded."""
    noisy = picture + generator.normal(0, NOISE, picture.shape).astype(np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def write_video(path: Path) -> None:
    """Five faces that wander, each around a place of its own."""
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
            frame = av.VideoFrame.from_ndarray(finished(picture, generator), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_photos(folder: Path, count: int) -> None:
    """Parts of the background with one to three faces side by side."""
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
        Image.fromarray(finished(picture, generator)).save(folder / f"{number:04d}.jpg", quality=90)


def streamed(source: Path, analyzer: Analyzer) -> Run:
    """All of a source through ``stream.analyze_frames``."""
    return timed(
        lambda: ([(row.track, 1) for row in result.rows] for result in analyze_frames(read_frames(source), analyzer))
    )


def one_after_another(source: Path, analyzer: Analyzer) -> Run:
    """All of a source, a frame at a time."""
    return timed(lambda: ([(None, 1) for _ in analyzer.analyze(frame.image)] for frame in read_frames(source)))


def timed(run: Callable[[], Iterator[list[tuple[int | None, int]]]]) -> Run:
    """A pass, which gives the tracks of each frame -> what it cost."""
    count, rows, tracks = 0, 0, set()
    wall, cpu, (idle, whole) = time.perf_counter(), time.process_time(), idle_and_whole()
    for found in run():
        count, rows = count + 1, rows + len(found)
        tracks |= {track for track, _ in found if track is not None}
    wall_s, cpu_s, (idle_after, whole_after) = time.perf_counter() - wall, time.process_time() - cpu, idle_and_whole()
    share = (idle_after - idle) / (whole_after - whole) if whole_after > whole else math.nan
    return Run(count, rows, len(tracks), wall_s, cpu_s, share)


def idle_and_whole() -> tuple[int, int]:
    """Time of all cores since the machine started, in ticks: without work, and all of it; zeros where unknown."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    except OSError:
        return 0, 0
    return ticks[3] + ticks[4], sum(ticks)


def figure(what: str, name: str, way: str, runs: list[Run]) -> Figure:
    """All passes of one kind -> their medians."""
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
    """A source and a detector -> the figures of both ways, which take turns."""
    analyzer = Analyzer(Recognizer(), make_detector(name, MIN_FACE_PX))
    analyzer.analyze(finished(background(), np.random.default_rng(2)))  # loads the networks
    ways = {"stream": streamed, "one after another": one_after_another}
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways)[:: -1 if number % 2 else 1]:
            runs[way].append(ways[way](source, analyzer))
    for way in ways:
        yield figure(what, name, way, runs[way])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", action="append", help="its name; may be given again; mtcnn where none is given")
    parser.add_argument("--rounds", type=int, default=5, help="passes of each kind")
    parser.add_argument("--photos", type=int, default=PHOTOS, help="how many")
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
