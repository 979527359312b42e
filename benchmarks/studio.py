"""Measure the studio's engine in a headless Chromium beside the Python package, in one run.

In: the files of the page, Chromium and Playwright (extra ``[test]``). Out: a printed table and, with ``--out``, JSON.
Does not know about accuracy. Native and browser lines are timed in turn, round after round: compare the two by their
ratio, because a busy machine slows both. Times are medians. Where other programs want the processor, compare the time
that the processor worked (``cpu``, Linux only): it is a mean, and counts all threads.

    python benchmarks/studio.py [--threads 1 2] [--rounds 5] [--chromium /usr/bin/chromium] [--out studio.json]
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.recognition.explanation import predict_at_sizes
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.studio.server import make_server
from ekspresi.studio.site import SITE
from ekspresi.system.machine import cpu_name, versions_of

PICTURE = Path(__file__).resolve().parents[1] / "examples" / "corridor.jpg"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
MEMORY_PX = (4000, 3000)
"""A photo of 12 megapixels."""
CAMERA_FRAMES = 12
CAMERA_FACES = 3
SIZE_PX = 40
CROPS = 16

SETUP = """
const bytes = (text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0));
const { createEngine } = await import("/js/engine/client.js");
const timed = async (work) => { const from = performance.now(); await work(); return performance.now() - from; };
const { width, height } = given;
const image = { data: bytes(given.image), width, height };
const frames = given.frames.map((data) => ({ data: bytes(data), width, height }));
const crop = { side: given.side, gray: new Uint8Array(bytes(given.gray)) };
const started = performance.now();
globalThis.engine = createEngine();
const facts = await engine.open({ threads: given.threads });
await engine.analyze({ image, boxes: given.boxes.slice(0, 1) });
const coldMs = performance.now() - started;
let timeS = 0;
const film = async (minFacePx) => {
  for (const frame of frames) await engine.analyze({ image: frame, minFacePx, live: true, timeS: (timeS += 0.1) });
  timeS += 10;
};
globalThis.lines = {
  "one face": () => timed(() => engine.analyze({ image, boxes: given.boxes.slice(0, 1) })),
  "a face of 16": () => timed(() => engine.analyze({ image, boxes: given.boxes })),
  "MTCNN from 24 px": async () => (await engine.analyze({ image, minFacePx: 24 })).detectMs,
  "MTCNN from 40 px": async () => (await engine.analyze({ image, minFacePx: 40 })).detectMs,
  "camera frame, from 24 px": () => timed(() => film(24)),
  "camera frame, from 40 px": () => timed(() => film(40)),
  "slider": () => timed(() => engine.sizes({ crop })),
};
return { coldMs, threads: facts.threads };
"""

UNITS = {
    "one face": 1,
    "a face of 16": CROPS,
    "MTCNN from 24 px": 1,
    "MTCNN from 40 px": 1,
    "camera frame, from 24 px": CAMERA_FRAMES,
    "camera frame, from 40 px": CAMERA_FRAMES,
    "slider": 1,
}
"""Line -> how many of its unit one run is worth."""
WITHOUT_WORK = ("MTCNN from 24 px", "MTCNN from 40 px")
"""Lines whose processor time is not shown: the browser's would contain the recognition that follows."""
CALLS = {"one face": 8}
"""Line -> calls in a round, where one call is too short for the system's clock of processor time."""

COLD = """
import time
start = time.perf_counter()
from ekspresi.recognition.recognizer import Recognizer
import numpy as np
Recognizer(threads={threads}).predict([np.zeros((40, 40), np.uint8)])
print(time.perf_counter() - start)
"""


@dataclass
class Scene:
    """Hold what both sides work on.

    Attributes:
        image: a picture of 640 x 480 px with faces, RGB uint8.
        boxes: of 16 faces of it, some repeated.
        frames: a film in which three faces move.
        crop: a gray face, uint8 (S, S).
    """

    image: NDArray[np.uint8]
    boxes: list[list[float]]
    frames: list[NDArray[np.uint8]]
    crop: NDArray[np.uint8]


@dataclass
class Side:
    """Hold the lines of one side, and the milliseconds that each took.

    Attributes:
        name: for the table.
        lines: name -> function that runs it once and returns the milliseconds it took.
        cpu_ms: returns the processor time that the side has used.
        found: name -> milliseconds of each call, for one unit.
        worked: name -> processor time of each round, for one unit.
    """

    name: str
    lines: dict[str, Callable[[], float]]
    cpu_ms: Callable[[], float]
    found: dict[str, list[float]] = field(default_factory=dict)
    worked: dict[str, list[float]] = field(default_factory=dict)

    def measure(self) -> None:
        """Run each line."""
        for name, line in self.lines.items():
            before, calls = self.cpu_ms(), CALLS.get(name, 1)
            self.found.setdefault(name, []).extend(line() / UNITS[name] for _ in range(calls))
            self.worked.setdefault(name, []).append((self.cpu_ms() - before) / calls / UNITS[name])

    def forget(self) -> None:
        """Drop what was measured."""
        self.found.clear()
        self.worked.clear()

    def medians(self) -> dict[str, float]:
        """Return the median time of each line."""
        return {name: round(median(values), 2) for name, values in self.found.items()}

    def work(self) -> dict[str, float]:
        """Return the mean processor time of each line."""
        return {name: round(mean(values), 2) for name, values in self.worked.items()}


def make_scene() -> Scene:
    """Make the pictures from an example."""
    picture = Image.open(PICTURE).convert("RGB")
    image = np.asarray(picture.resize((640, 480), Image.Resampling.BICUBIC))
    faces = MtcnnDetector(16).detect(image)
    boxes = [list(faces[i % len(faces)].box_xyxy) for i in range(CROPS)]
    wall = picture.crop((0, 0, 640, 200)).resize((640, 480), Image.Resampling.BICUBIC)
    heads = [picture.crop((90, 270, 270, 450)).resize((side, side)) for side in (150, 110, 76)]
    frames = []
    for number in range(CAMERA_FRAMES):
        frame = wall.copy()
        for place, head in enumerate(heads[:CAMERA_FACES]):
            frame.paste(head, (40 + 200 * place + 4 * number, 120 + 60 * place))
        frames.append(np.asarray(frame))
    crop = np.asarray(picture.convert("L").crop((138, 316, 226, 404)).resize((SIZE_PX, SIZE_PX)))
    return Scene(image, boxes, frames, crop)


def native_side(scene: Scene, threads: int) -> Side:
    """Return the lines of the Python package; a camera's frame is one of three detections and all recognitions."""
    recognizer = Recognizer(threads=threads)
    detectors = {px: MtcnnDetector(px, threads=threads) for px in (24, 40)}
    crops = [recognizer.metadata.crop.crop(scene.image, (b[0], b[1], b[2], b[3])) for b in scene.boxes]

    def camera(px: int) -> float:
        def film() -> None:
            for number, frame in enumerate(scene.frames):
                if number % 3 == 0:
                    faces = detectors[px].detect(frame)
                recognizer.predict([recognizer.metadata.crop.crop(frame, face.box_xyxy) for face in faces])

        return timed(film)

    sizes = range(SIZE_PX, 7, -1)
    return Side(
        f"native, threads {threads}",
        {
            "one face": lambda: timed(lambda: recognizer.predict(crops[:1])),
            "a face of 16": lambda: timed(lambda: recognizer.predict(crops)),
            "MTCNN from 24 px": lambda: timed(lambda: detectors[24].detect(scene.image)),
            "MTCNN from 40 px": lambda: timed(lambda: detectors[40].detect(scene.image)),
            "camera frame, from 24 px": lambda: camera(24),
            "camera frame, from 40 px": lambda: camera(40),
            "slider": lambda: timed(lambda: predict_at_sizes(recognizer, scene.crop, sizes)),
        },
        lambda: 1000 * time.process_time(),
    )


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that a call takes."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def native_cold_ms(threads: int) -> float:
    """Return the milliseconds from an interpreter's start of the import to the first answer of the recognizer."""
    script = COLD.format(threads=threads)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    return 1000 * float(run.stdout)


def encode(array: NDArray[np.uint8]) -> str:
    """Pack gray, or RGB as RGBA, for the page."""
    if array.ndim == 3:
        array = np.dstack([array, np.full(array.shape[:2], 255, np.uint8)])
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def browser_side(browser: Any, page: Any, scene: Scene, threads: int) -> tuple[Side, float]:
    """Open the engine in a page; return its lines, and the milliseconds until its first answer."""
    height, width = scene.image.shape[:2]
    given = {
        "threads": threads,
        "width": width,
        "height": height,
        "image": encode(scene.image),
        "boxes": scene.boxes,
        "frames": [encode(frame) for frame in scene.frames],
        "gray": encode(scene.crop),
        "side": len(scene.crop),
    }
    facts = page.evaluate(f"async (given) => {{ {SETUP} }}", given)
    names = page.evaluate("() => Object.keys(lines)")

    def line(name: str) -> Callable[[], float]:
        return lambda: float(page.evaluate("(name) => lines[name]()", name))

    return Side(
        f"browser, threads {facts['threads']}", {name: line(name) for name in names}, lambda: renderer_ms(browser)
    ), facts["coldMs"]


def renderers(browser: Any) -> list[Path]:
    """Return the folders in /proc of the browser's processes that hold pages; none where there is no /proc."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    folders = [Path(f"/proc/{process['id']}") for process in processes if process["type"] == "renderer"]
    return [folder for folder in folders if folder.exists()]


def renderer_mb(browser: Any) -> float:
    """Return the memory in MB of the processes that hold pages: what is theirs alone."""
    total = 0
    for folder in renderers(browser):
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
    return total / 1024


def renderer_ms(browser: Any) -> float:
    """Return the processor time in milliseconds that the processes with pages have used."""
    ticks = 0
    for folder in renderers(browser):
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def memory_of_photo(browser: Any, page: Any) -> float:
    """Analyze a photo of 12 megapixels; return the memory after it, in MB."""
    width, height = MEMORY_PX
    page.evaluate(
        """async ([width, height]) => {
          const data = new Uint8ClampedArray(width * height * 4).fill(120);
          await engine.analyze({ image: { data, width, height }, minFacePx: 40, transfer: true });
        }""",
        [width, height],
    )
    return renderer_mb(browser)


def run(threads: int, rounds: int, chromium: Path) -> dict[str, Any]:
    """Measure both sides with a number of threads."""
    from playwright.sync_api import sync_playwright

    scene = make_scene()
    with make_server(SITE, port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(chromium), args=list(FLAGS))
            page = browser.new_page()
            # A script as the document: the page's headers and origin, without the page itself.
            page.goto(f"http://127.0.0.1:{server.server_port}/js/engine/client.js")
            side, cold_ms = browser_side(browser, page, scene, threads)
            sides = [native_side(scene, threads), side]
            for each in sides:
                each.measure()
                each.forget()  # the first round warms up
            for _ in range(rounds):
                for each in sides:
                    each.measure()
            memory = {"camera and picture": renderer_mb(browser), "12 megapixels": memory_of_photo(browser, page)}
            browser.close()
        server.shutdown()
    native, browsers = (each.medians() for each in sides)
    native["cold start"], browsers["cold start"] = round(native_cold_ms(threads), 1), round(cold_ms, 1)
    ratios = {name: round(browsers[name] / native[name], 2) for name in browsers}
    works = [each.work() for each in sides]
    work_ratios = {
        name: round(value / works[0][name], 2) for name, value in works[1].items() if name not in WITHOUT_WORK
    }
    return {
        "threads": threads,
        "native_ms": native,
        "browser_ms": browsers,
        "ratio": ratios,
        "native_cpu_ms": works[0],
        "browser_cpu_ms": works[1],
        "cpu_ratio": work_ratios,
        "browser_mb": {name: round(value, 1) for name, value in memory.items()},
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", type=Path, default=Path("/usr/bin/chromium"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = [run(threads, options.rounds, options.chromium) for threads in options.threads]
    for result in results:
        print(f"\n{result['threads']} threads{'native ms':>30}{'browser ms':>12}{'ratio':>8}{'cpu ratio':>11}")
        for name, ratio in result["ratio"].items():
            times = f"{result['native_ms'][name]:>11.1f}{result['browser_ms'][name]:>12.1f}{ratio:>8.2f}"
            print(f"{name:<28}{times}{result['cpu_ratio'].get(name, ''):>11}")
        print(*(f"{name}: {value:.0f} MB" for name, value in result["browser_mb"].items()), sep="; ")
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    print(f"\n{cpu_name()}, {os.cpu_count()} cores, load {', '.join(f'{value:.1f}' for value in load)}")
    if options.out:
        about = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cpu": cpu_name(),
            "cores": os.cpu_count(),
            "load": load,
            "versions": versions_of(("ekspresi", "numpy", "onnxruntime", "pillow")),
        }
        options.out.write_text(json.dumps({**about, "runs": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
