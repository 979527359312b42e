"""Measure the cuts that are found in composed films, and the false alarms within shots.

In: pictures of scikit-image and of ``examples/``, and drawn walls. Out: printed lines and, with ``--out``, JSON.
Everything is composed: the figures are not the rate on real video.

    python benchmarks/shot_boundaries.py [--films 16] [--out runs/cuts.json]

Needs the extras [dev] and [video]. A film has 640 x 360 pixels and 25 frames a second. It has shots of three
seconds, one of each kind of ``SHOTS`` in any order, and is compressed as hard as by bad cameras. It is read in steps of
one frame up to a second.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from skimage import data

from ekspresi.system.machine import cpu_name, versions_of
from ekspresi.tracking.shot_boundaries import ShotBoundaryDetector

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 25, 76
STEPS = (1, 5, 13, 25)
"""Frames from one that is read to the next: 0.04, 0.2, 0.52 and 1 s."""
CRF = "38"
"""Constant rate factor of x264: 23 is usual, 51 the worst."""
PICTURES = (
    *("astronaut", "coffee", "rocket", "chelsea", "camera", "coins", "brick", "grass", "gravel", "retina"),
    *("immunohistochemistry", "moon", "page", "hubble_deep_field"),
)
EXAMPLES = Path(__file__).parent.parent / "examples"
VERSIONS = ("ekspresi", "numpy", "av", "scikit-image")

Picture = NDArray[np.uint8]
Light = Callable[[NDArray[np.float64], float, np.random.Generator], NDArray[np.float64]]


def scenes(rng: np.random.Generator) -> list[Image.Image]:
    """Make pictures large enough for a moving camera, mirrored at their edges, and drawn walls."""
    found = [np.asarray(Image.fromarray(getattr(data, name)()).convert("RGB")) for name in PICTURES]
    found += [np.asarray(Image.open(path).convert("RGB")) for path in sorted(EXAMPLES.glob("*.[jp][pn]g"))]
    for number in range(6):
        wall = Image.new("RGB", (800, 500), tuple(rng.integers(40, 210, 3).tolist()))
        for x, y, width, height in rng.integers((0, 0, 30, 30), (700, 400, 200, 200), (number, 4)).tolist():
            color = tuple(rng.integers(20, 235, 3).tolist())
            ImageDraw.Draw(wall).rectangle((x, y, x + width, y + height), color)
        found.append(np.asarray(wall))
    return [
        Image.fromarray(np.pad(each, ((each.shape[0] // 2,) * 2, (each.shape[1] // 2,) * 2, (0, 0)), "reflect"))
        for each in found
    ]


def view(scene: Image.Image, x: float, y: float, share: float, turn: float) -> Image.Image:
    """Cut a camera's view out of a scene; point and width are shares of the picture."""
    scale = share * min(scene.width / 2, scene.height / 2 * WIDTH / HEIGHT) / WIDTH
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    left = scene.width * (0.25 + x / 2) - c * WIDTH / 2 + s * HEIGHT / 2
    top = scene.height * (0.25 + y / 2) - s * WIDTH / 2 - c * HEIGHT / 2
    matrix = (c, -s, left, s, c, top)
    return scene.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def person(side: int, rng: np.random.Generator) -> Image.Image:
    """Draw a person with a face of a given width: hair, a face of scikit-image, shoulders."""
    body = Image.new("RGBA", (3 * side, 4 * side))
    draw = ImageDraw.Draw(body)
    draw.ellipse((0, 1.6 * side, 3 * side, 6 * side), (*rng.integers(20, 220, 3).tolist(), 255))
    draw.ellipse((0.9 * side, 0.2 * side, 2.1 * side, 1.8 * side), (*rng.integers(20, 120, 3).tolist(), 255))
    face = Image.fromarray((255 * data.lfw_subset()[rng.integers(100)]).astype(np.uint8)).resize((side, side))
    shape = Image.new("L", face.size)
    ImageDraw.Draw(shape).ellipse((0, 0, *face.size), 255)
    body.paste(face.convert("RGB"), (side, side // 2), shape)
    return body


# What a camera does: time from 0 to 1 -> x, y, share, turn.
MOVES: dict[str, Callable[[float], tuple[float, float, float, float]]] = {
    "still": lambda t: (0.5, 0.5, 0.7, 0.0),
    "slow pan": lambda t: (0.4 + 0.2 * t, 0.5, 0.6, 0.0),
    "quick pan": lambda t: (0.5 + 0.2 * np.sin(8 * t), 0.5, 0.4, 0.0),  # up to 5 % of the width a frame
    "whip pan": lambda t: (0.5 + 0.2 * np.sin(20 * t), 0.5, 0.4, 0.0),  # up to 13 %
    "zoom": lambda t: (0.5, 0.5, 0.4 * 2**t, 0.0),
    "shake": lambda t: (0.5 + 0.02 * np.sin(40 * t), 0.5 + 0.02 * np.sin(57 * t), 0.6, 0.05 * np.sin(33 * t)),
}
LIGHTS: dict[str, Light] = {
    "even": lambda a, t, rng: a,
    "dark": lambda a, t, rng: 0.15 * a + rng.normal(0, 20, a.shape),
    "dimmed": lambda a, t, rng: a * 2.0 ** (1.5 * np.sin(9 * t)),
    "contrast": lambda a, t, rng: 128 + (a - 128) * (1 + 0.7 * np.sin(12 * t)),
    "switched": lambda a, t, rng: a * (0.4 if 0.3 < t < 0.7 else 1.0),
    "flashes": lambda a, t, rng: 1.6 * a + 70 if int(FRAMES * t) % 30 == 20 else a,
    "to grey": lambda a, t, rng: a.mean(axis=2, keepdims=True) + 0 * a if t > 0.5 else a,
}
SHOTS = {
    **{move: (move, "even", "walks") for move in MOVES},
    **{light: ("still", light, "walks") for light in LIGHTS if light != "even"},
    "somebody stands": ("still", "even", "stands"),
    "somebody passes near": ("still", "even", "passes"),
    "nobody": ("still", "even", "nobody"),
}
"""Camera, light, and what people do. A person who passes near covers a third of the picture for a second."""


def shot(scene: Image.Image, name: str, offset: NDArray[np.float64], rng: np.random.Generator) -> Iterator[Picture]:
    """Draw the frames of a shot, of a scene's middle or of a part beside it."""
    move, light, people = SHOTS[name]
    side = 80 if people == "passes" else int(rng.integers(14, 60))
    body = person(side, rng)
    x, y = rng.uniform(0.1, 0.6, 2) * (WIDTH, HEIGHT)
    sigma = float(rng.choice([0, 3, 6]))
    for number in range(FRAMES):
        t = number / FRAMES
        at_x, at_y, share, turn = MOVES[move](t)
        seen = view(scene, at_x + offset[0], at_y + offset[1], share, turn)
        if people != "nobody":
            sway = 3 * np.sin(number / 9)
            left = {"walks": x + 6 * side * t, "stands": x + sway, "passes": 2640 * t - 240}[people]
            seen.paste(body, (round(left), 10 if people == "passes" else round(y + sway)), body)
        pixels = LIGHTS[light](np.asarray(seen, dtype=np.float64), t, rng) + sigma * rng.normal(size=(HEIGHT, WIDTH, 1))
        yield pixels.clip(0, 255).astype(np.uint8)


def film(path: Path, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Write a film; return the name of each shot, and the kind of cut before it."""
    all_scenes = scenes(rng)
    shots, cuts, scene, offset = list[str](), list[str](), -1, np.zeros(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": CRF, "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        names = [list(SHOTS)[i] for i in rng.permutation(len(SHOTS))]
        for name in sorted([*names, "somebody stands"], key=names.index):  # two of them, one after the other
            if shots and shots[-1] == name:
                cuts.append("another person, the same view")
            elif rng.random() < 0.3 and shots:
                cuts.append("the same scene elsewhere")
                offset = -np.sign(offset) * rng.uniform(0.25, 0.35, 2)
            else:
                cuts.append("another scene")
                scene = int((scene + rng.integers(1, len(all_scenes))) % len(all_scenes))
                offset = rng.choice([-1, 1], 2) * rng.uniform(0.01, 0.05, 2)
            shots.append(name)
            for pixels in shot(all_scenes[scene], name, offset, rng):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return shots, cuts


def count_cuts(path: Path, step: int, shots: list[str], cuts: list[str]) -> tuple[Counter[str], Counter[str]]:
    """Count true cuts by kind and those found ('found ...'), and the same for false alarms."""
    true, false = Counter[str](), Counter[str]()
    detector, before = ShotBoundaryDetector(), -1
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % step:
                continue
            here, found = (
                number // FRAMES,
                detector.update(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)),
            )
            if here != before and before >= 0:
                true.update({cuts[here]: 1, f"found {cuts[here]}": found})
            elif before >= 0:
                false.update({shots[here]: 1, f"found {shots[here]}": found})
            before = here
    return true, false


def time_frame() -> float:
    """Time one frame of 1920 x 1080: the median of a hundred."""
    frames = np.random.default_rng(0).integers(0, 256, (3, 1080, 1920, 3), dtype=np.uint8)
    detector, took = ShotBoundaryDetector(), []
    for number in range(100):
        began = time.perf_counter()
        detector.update(frames[number % 3])
        took.append(time.perf_counter() - began)
    return 1000 * float(np.median(took))


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=16, help="number of films")
    parser.add_argument("--note", default="", help="a sentence about the machine, kept with the figures")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    sums = {step: (Counter[str](), Counter[str]()) for step in STEPS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.films):
            path = Path(folder) / "film.mp4"
            shots, cuts = film(path, np.random.default_rng(number))
            for step, all_of in sums.items():
                for total, counted in zip(all_of, count_cuts(path, step, shots, cuts), strict=True):
                    total.update(counted)
    figures = [
        {"cut": what, "name": name, "step_s": step / RATE, "pairs": total[name], "detected": total[f"found {name}"]}
        for step, both in sums.items()
        for what, total in zip((True, False), both, strict=True)
        for name in sorted(total)
        if not name.startswith("found ")
    ]
    for line in figures:
        kind = "cuts found" if line["cut"] else "false alarms"
        print(f"{line['step_s']:.2f} s, {kind}, {line['name']}: {line['detected']} of {line['pairs']}")
    took_ms = time_frame()
    print(f"{took_ms:.2f} ms a frame of 1920 x 1080")
    if arguments.out is not None:
        written = {
            "command": shlex.join(["python", "benchmarks/shot_boundaries.py", *sys.argv[1:]]),
            "note": arguments.note,
            "cpu": cpu_name(),
            "load_after": os.getloadavg()[0],
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions_of(VERSIONS),
            "films": arguments.films,
            "ms": round(took_ms, 2),
            "figures": figures,
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
