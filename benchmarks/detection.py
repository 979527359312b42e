"""Measure detectors: faces found at each size, false alarms, and the accuracy they cost.

In: composed scenes with known truth, and a data set's crops. Out: a printed table and, with ``--out``, JSON. Does not
know how a detector works.

    python benchmarks/detection.py [--detector mtcnn --detector yunet:FILE] [--data ferplus:data/ferplus] [--out FILE]

Needs the extras [dev] (the pictures of scikit-image) and, for yunet, [yunet].

Finding: a scene of 640 x 480 pixels is a photograph without people (a coffee, a rocket, a cat, a motorcycle, a brick
wall, galaxies, a printed page, grass; all from scikit-image) with twelve faces of one width. Three in four of them come
from its ``lfw_subset``: pictures of 25 pixels that end at forehead and chin, and are hard to find. The others are its
astronaut, sharp and with hair and shoulders. Sensor noise (sigma 2) and JPEG of quality 92 come last. A face is found
if a box overlaps it by at least ``FOUND`` (intersection over union). A box that overlaps no face by ``FALSE`` is a
false alarm. Detectors may mistake the cat for a face: it stays in.

Reading: crops of a data set, shrunk by antialiased averaging, in a surrounding that mirrors them and fades into the
same photographs, without noise. The recognizer reads each once from its true square and once from the detected box. No
picture is written.

Composed scenes rank detectors and sizes; they do not show the accuracy of real cameras. Times are CPU time of all
threads together, so other programs on the machine change little.
"""

import argparse
import hashlib
import io
import json
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.detection.detector import Detector, make_detector
from ekspresi.imaging.resampling import resize
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.downloads import cache_folder
from ekspresi.system.machine import cpu_name, versions_of

Array = NDArray[np.float32]
Boxes = NDArray[np.float64]

SIZES = (48, 32, 24, 16, 12, 8)
WIDTH, HEIGHT = 640, 480
COLUMNS, ROWS = 4, 3  # twelve places for faces
JITTER_PX = 25.0
PHOTOGRAPHS = ("coffee", "rocket", "chelsea", "stereo_motorcycle", "brick", "hubble_deep_field", "page", "grass")
LFW_BOX = (1.5, 0.5, 21.0, 23.5)  # forehead to chin in a 25 px face of lfw_subset, about
PORTRAIT = (120, 5, 330, 250)  # part of the astronaut that is pasted
PORTRAIT_BOX = (59.0, 55.0, 147.0, 166.0)  # her face in that part
EDGE = 0.12  # of a pasted picture's side, over which it fades in
NOISE, QUALITY = 2.0, 92
FOUND, FALSE = 0.4, 0.1
SETTINGS = (24.0, 12.0, 8.0)  # smallest face searched for, --min-face-px
READING_SETTING = 8.0  # for the second part, which needs small faces to be found
FACES = 600  # of the data set: 50 scenes
VERSIONS = ("ekspresi", "numpy", "onnxruntime", "pillow", "opencv-python-headless", "scikit-image")


@dataclass(frozen=True, slots=True)
class Scene:
    """Hold a picture and the boxes of its faces.

    Attributes:
        image: RGB uint8 (H, W, 3).
        boxes: of the faces, float64 (n, 4), x1, y1, x2, y2.
        portraits: which of them come from a sharp photograph of a whole person, bool (n,).
    """

    image: NDArray[np.uint8]
    boxes: Boxes
    portraits: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold the figures of a detector for faces of one width.

    Attributes:
        detector: its name.
        min_face_px: smallest face searched for.
        face_px: width of the faces.
        faces: how many there were.
        found: how many of them.
        portraits: how many of the faces come from the sharp photograph.
        portraits_found: how many of those were found.
        frames: scenes, all of 640 x 480 pixels.
        false_alarms: boxes where there was no face.
        cpu_ms: a frame, all threads together.
    """

    detector: str
    min_face_px: float
    face_px: int
    faces: int
    found: int
    portraits: int
    portraits_found: int
    frames: int
    false_alarms: int
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the accuracy on crops of one side, given and detected.

    Attributes:
        detector: its name.
        min_face_px: smallest face searched for.
        side_px: of the crops that were put into the scenes.
        faces: how many.
        right_given: of all, read from the square they were put in.
        found: how many the detector found.
        found_right_given: of those found, read from the square they were put in.
        found_right_detected: of those found, read from the detector's box.
        only_given: of those found, right from the square and wrong from the detector's box.
        only_detected: the other way round.
        side_ratio: median of detected over given side of the crop.
    """

    detector: str
    min_face_px: float
    side_px: int
    faces: int
    right_given: int
    found: int
    found_right_given: int
    found_right_detected: int
    only_given: int
    only_detected: int
    side_ratio: float


def photographs() -> list[Array]:
    """Load gray pictures without people, float32 (480, 640) in 0..255."""
    found = []
    for name in PHOTOGRAPHS:
        loaded = getattr(skimage.data, name)()
        picture = Image.fromarray(loaded[0] if isinstance(loaded, tuple) else loaded).convert("L")
        scale = max(WIDTH / picture.width, HEIGHT / picture.height)
        size = (round(picture.width * scale), round(picture.height * scale))
        filling = picture.resize(size, Image.Resampling.BICUBIC).crop((0, 0, WIDTH, HEIGHT))
        found.append(np.asarray(filling, dtype=np.float32))
    return found


def people(generator: np.random.Generator) -> tuple[Image.Image, tuple[float, float, float, float], bool]:
    """Choose a gray face picture; return it, the face's box, and whether it is the portrait."""
    box: tuple[float, float, float, float]
    portrait = bool(generator.random() < 0.25)
    if portrait:
        picture, box = Image.fromarray(skimage.data.astronaut()).convert("L").crop(PORTRAIT), PORTRAIT_BOX
    else:
        faces = skimage.data.lfw_subset()[:100]  # the second hundred shows no faces
        picture = Image.fromarray(np.rint(faces[generator.integers(100)] * 255).astype(np.uint8))
        box = LFW_BOX
    if generator.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        box = (picture.width - box[2], box[1], picture.width - box[0], box[3])
    return picture, box, portrait


def places(generator: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Choose centers of twelve faces that do not touch."""
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = (column + 0.5) * WIDTH / COLUMNS, (row + 0.5) * HEIGHT / ROWS
            across, down = generator.uniform(-JITTER_PX, JITTER_PX, 2).tolist()
            yield x + across, y + down


def paste(picture: Array, pixels: Array, left: int, top: int, edge: float) -> None:
    """Blend pixels, float32 (h, w), into a picture, in place; fade ``edge`` of their sides in."""
    height, width = pixels.shape
    across, down = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    inside = np.minimum.outer(np.minimum(down, 1 - down), np.minimum(across, 1 - across))
    alpha = np.clip(inside / edge, 0, 1).astype(np.float32)
    area = picture[top : top + height, left : left + width]
    area[:] = area * (1 - alpha) + pixels * alpha


def scene(photograph: Array, face_px: int, generator: np.random.Generator) -> Scene:
    """Compose a photograph with twelve faces of one width, as a camera takes it."""
    picture, boxes, portraits = photograph.copy(), [], []
    for x, y in places(generator):
        source, box, portrait = people(generator)
        portraits.append(portrait)
        scale = face_px / (box[2] - box[0])
        size = (max(round(source.width * scale), 1), max(round(source.height * scale), 1))
        left = min(max(round(x - (box[0] + box[2]) / 2 * scale), 0), WIDTH - size[0])
        top = min(max(round(y - (box[1] + box[3]) / 2 * scale), 0), HEIGHT - size[1])
        pixels = np.asarray(source.resize(size, Image.Resampling.LANCZOS), dtype=np.float32)
        paste(picture, pixels, left, top, EDGE)
        across, down = size[0] / source.width, size[1] / source.height
        boxes.append((left + box[0] * across, top + box[1] * down, left + box[2] * across, top + box[3] * down))
    noisy = to_rgb(picture + generator.normal(0, NOISE, picture.shape).astype(np.float32))
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=QUALITY)
    return Scene(np.asarray(Image.open(file).convert("RGB")), np.array(boxes), np.array(portraits))


def to_rgb(picture: Array) -> NDArray[np.uint8]:
    """Convert gray float32 (H, W) in 0..255 to RGB uint8 (H, W, 3)."""
    gray = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2)


def overlap_matrix(truth: Boxes, found: Boxes) -> Boxes:
    """Compute the intersection over union (n, m) of boxes (n, 4) and (m, 4)."""
    low = np.maximum(truth[:, None, :2], found[None, :, :2])
    high = np.minimum(truth[:, None, 2:], found[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (truth, found)]
    return np.asarray(shared / (areas[0][:, None] + areas[1][None] - shared))


def find_boxes(searcher: Detector, image: NDArray[np.uint8]) -> Boxes:
    """Find faces; return their boxes, float64 (m, 4)."""
    return np.array([face.box_xyxy for face in searcher.detect(image)], dtype=np.float64).reshape(-1, 4)


def find(name: str) -> Iterator[Finding]:
    """Measure what a detector finds, for each setting and size."""
    backgrounds = photographs()
    for min_face_px in SETTINGS:
        searcher = make_detector(name, min_face_px)
        searcher.detect(to_rgb(backgrounds[0]))  # loads the networks
        for face_px in SIZES:
            faces = found = portraits = portraits_found = alarms = frames = 0
            seconds = 0.0
            for number, background in enumerate(backgrounds):
                composed = scene(background, face_px, np.random.default_rng([face_px, number]))
                started = time.process_time()
                boxes = find_boxes(searcher, composed.image)
                seconds += time.process_time() - started
                shared = overlap_matrix(composed.boxes, boxes)
                faces, frames = faces + len(composed.boxes), frames + 1
                seen = shared.max(axis=1, initial=0) >= FOUND
                found += int(seen.sum())
                portraits += int(composed.portraits.sum())
                portraits_found += int(seen[composed.portraits].sum())
                alarms += int((shared.max(axis=0, initial=0) < FALSE).sum())
            cpu_ms = round(1e3 * seconds / frames, 1)
            yield Finding(
                shorten(name), min_face_px, face_px, faces, found, portraits, portraits_found, frames, alarms, cpu_ms
            )


def place_crops(crops: NDArray[np.uint8], side_px: int, photograph: Array, generator: np.random.Generator) -> Scene:
    """Put at most twelve crops, shrunk to one side, into a photograph; boxes are their squares."""
    picture, boxes = photograph.copy(), []
    border = side_px // 2
    for crop, (x, y) in zip(crops, places(generator), strict=False):
        small = np.rint(resize(crop.astype(np.float32), side_px, side_px, "area"))
        left, top = round(x - side_px / 2), round(y - side_px / 2)
        around = np.pad(small, border, mode="symmetric")
        paste(picture, around, left - border, top - border, 0.5 * border / len(around))
        boxes.append((left, top, left + side_px, top + side_px))
    return Scene(to_rgb(picture), np.array(boxes, dtype=np.float64), np.zeros(len(boxes), dtype=bool))


def sample(dataset: FaceDataset, labels: tuple[str, ...]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw crops (n, H, W) of the official test side, or of all, with targets in model labels.

    Only faces with a clear majority whose label the model knows; drawn at random.
    """
    counted = dataset.votes.max() > 1
    targets = dataset.majority_targets if counted else dataset.targets
    known = np.array([label in labels for label in dataset.labels])
    usable = (targets >= 0) & known[targets]
    if dataset.official is not None:
        usable &= dataset.official == "test"
    chosen = np.sort(np.random.default_rng(0).permutation(np.flatnonzero(usable))[:FACES])
    crops = np.stack([dataset.images[position] for position in chosen.tolist()])
    return crops, np.array([labels.index(dataset.labels[target]) for target in targets[chosen].tolist()])


def read_faces(name: str, dataset: FaceDataset, recognizer: Recognizer) -> Iterator[Reading]:
    """Measure what the recognizer loses by a detector's boxes, for each size."""
    backgrounds = photographs()
    crops, targets = sample(dataset, recognizer.labels)
    places_a_scene = COLUMNS * ROWS
    searcher = make_detector(name, READING_SETTING)
    for side_px in SIZES:
        given, seen, matched, ratios = [], [], [], []
        for number, start in enumerate(range(0, len(crops), places_a_scene)):
            generator = np.random.default_rng([side_px, number])
            background = backgrounds[number % len(backgrounds)]
            composed = place_crops(crops[start : start + places_a_scene], side_px, background, generator)
            convention = recognizer.metadata.crop
            boxes = find_boxes(searcher, composed.image)
            squares = np.array([convention.square(tuple(box)) for box in boxes.tolist()]).reshape(-1, 4)
            shared = overlap_matrix(composed.boxes, squares)
            for i, (x1, y1, x2, y2) in enumerate(composed.boxes.astype(int).tolist()):
                given.append(composed.image[y1:y2, x1:x2, 0])
                best = int(shared[i].argmax()) if len(boxes) else -1
                matched.append(best >= 0 and bool(shared[i, best] >= FOUND))
                if matched[-1]:
                    seen.append(convention.crop(composed.image, tuple(boxes[best].tolist())))
                    ratios.append(len(seen[-1]) / side_px)
        found = np.array(matched)
        right_given = recognizer.probabilities(given).argmax(axis=1) == targets
        right_found = right_given[found]
        right_seen = np.zeros(0, dtype=bool)
        if seen:
            right_seen = recognizer.probabilities(seen).argmax(axis=1) == targets[found]
        yield Reading(
            shorten(name),
            READING_SETTING,
            side_px,
            len(targets),
            int(right_given.sum()),
            int(found.sum()),
            int(right_found.sum()),
            int(right_seen.sum()),
            int((right_found & ~right_seen).sum()),
            int((right_seen & ~right_found).sum()),
            round(float(np.median(ratios)), 3) if ratios else 0.0,
        )


def shorten(name: str) -> str:
    """Shorten a detector's name: drop the folder of its file."""
    return name.partition(":")[0]


def describe_network(name: str) -> dict[str, str] | None:
    """Describe the network file of a detector by name and SHA-256; None for a bundled detector."""
    kind, _, path = name.partition(":")
    if kind != "yunet":
        return None
    from ekspresi.detection.yunet import MODEL

    file = Path(path) if path else cache_folder() / "models" / MODEL.name
    return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", action="append", help="name of a detector; repeat it for several; default: mtcnn")
    parser.add_argument(
        "--data", help="spec of a data set, for what the recognizer loses; left out where none is given"
    )
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    names: list[str] = arguments.detector or ["mtcnn"]
    recognizer = Recognizer()
    dataset = read(arguments.data) if arguments.data else None
    started = datetime.now(UTC).isoformat(timespec="seconds")
    findings, readings = [], []
    for name in names:
        for finding in find(name):
            findings.append(finding)
            print(
                f"{finding.detector:6} from {finding.min_face_px:2.0f} px, faces {finding.face_px:2} px wide: "
                f"{finding.found:3} of {finding.faces} found, {finding.portraits_found:2} of the {finding.portraits} "
                f"sharp ones, {finding.false_alarms:3} false alarms in {finding.frames} frames, "
                f"{finding.cpu_ms:5.0f} ms of CPU a frame",
                flush=True,
            )
        for reading in read_faces(name, dataset, recognizer) if dataset is not None else ():
            readings.append(reading)
            print(
                f"{reading.detector:6} from {reading.min_face_px:2.0f} px, crops of {reading.side_px:2} px: "
                f"{reading.right_given} of {reading.faces} right as given; {reading.found} found, of them "
                f"{reading.found_right_given} right as given, {reading.found_right_detected} as detected; "
                f"side x {reading.side_ratio:.2f}",
                flush=True,
            )
    if arguments.out is not None:
        written: dict[str, Any] = {
            "command": shlex.join(["python", "benchmarks/detection.py", *sys.argv[1:]]),
            "cpu": cpu_name(),
            "date": started,
            "versions": versions_of(VERSIONS),
            "networks": {shorten(name): describe_network(name) for name in names},
            "model": recognizer.metadata.name,
            "model_sha256": hashlib.sha256(recognizer.path.read_bytes()).hexdigest(),
            "data": None if dataset is None else {"spec": dataset.spec, "fingerprint": dataset.fingerprint},
            "scene": {"width": WIDTH, "height": HEIGHT, "photographs": PHOTOGRAPHS, "found": FOUND, "false": FALSE},
            "finding": [asdict(finding) for finding in findings],
            "reading": [asdict(reading) for reading in readings],
        }
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
