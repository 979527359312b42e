"""Compare a portable model with the recognizer that it was made from: answers and time.

In: pictures with faces; the bundled model or another file. Out: a printed table. The faces found in the pictures are
resized to sides of 6 to 300 px, with other light and noise, so that one picture gives many different crops.

    python benchmarks/portable.py examples --crops 2000
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ekspresi.imaging.images import load_image
from ekspresi.imaging.resampling import resize
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.portable.export import write_portable_model
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from ekspresi.types import PriorName

SIDES_PX = (6, 300)
ROUNDS = 40
TIMED = ((1, 24), (1, 48), (1, 300), (16, 48))
"""Faces in one run, and the side of their crops in pixels."""


def main() -> None:
    """Compare answers, then times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder of pictures with faces")
    parser.add_argument("--model", type=Path, help="a model file; default: the bundled model")
    parser.add_argument("--crops", type=int, default=2000, help="number of crops to compare")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of both")
    arguments = parser.parse_args()
    recognizer = Recognizer(arguments.model, arguments.threads, device="cpu")
    faces = find_faces(arguments.pictures, recognizer)
    crops = draw_crops(faces, arguments.crops)
    whole = np.zeros((0, 4), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portable.onnx"
        write_portable_model(path, arguments.model)
        session = create_session(str(path), arguments.threads, device="cpu")
        megabytes = path.stat().st_size / 1e6
    print(
        f"{len(crops)} crops of {len(faces)} faces; "
        f"{megabytes:.2f} MB, in the package {size_mb(recognizer.path):.2f} MB"
    )
    for prior in get_args(PriorName):
        reference = Recognizer(arguments.model, arguments.threads, prior, device="cpu")
        shares = np.array(list(reference.class_prior.values()), np.float32)
        runs = [session.run(None, {"image": crop[..., None], "boxes": whole, "prior": shares}) for crop in crops]
        probabilities, _, abstained, _ = (np.concatenate(values) for values in zip(*runs, strict=True))
        expected = reference.predict_batch(crops)
        answers = probabilities.argmax(axis=1) != expected.probabilities.argmax(axis=1)
        print(
            f"prior {prior}: probabilities within {np.abs(probabilities - expected.probabilities).max():.1e}, "
            f"{answers.sum()} other answers, {(abstained != expected.abstained).sum()} other abstentions"
        )
    for count, side in TIMED:
        image = np.tile(resize_face(faces[0], side, side)[..., None], (1, count, 1))
        left = np.arange(count, dtype=np.float32) * side
        boxes = np.stack([left, 0 * left, left + side, 0 * left + side], axis=1)
        batch = [image[:, side * i : side * (i + 1), 0] for i in range(count)]
        portable_ms = median_ms(partial(session.run, None, {"image": image, "boxes": boxes}))
        package_ms = median_ms(partial(recognizer.predict_batch, batch))
        shown = f"{count} x {side} px: {portable_ms / count:.2f} ms a face, in the package {package_ms / count:.2f} ms"
        print(shown)


def find_faces(folder: Path, recognizer: Recognizer) -> list[NDArray[np.uint8]]:
    """Crop the faces of all pictures of a folder."""
    analyzer = Analyzer(recognizer)
    images = [load_image(path) for path in sorted(folder.iterdir()) if path.suffix in (".jpg", ".png")]
    return [crop for image in images for crop in analyzer.crops(image, analyzer.detector.detect(image))]


def draw_crops(faces: list[NDArray[np.uint8]], count: int) -> list[NDArray[np.uint8]]:
    """Draw crops of random faces, sides (more of the small ones), light and noise."""
    generator = np.random.default_rng(0)
    crops = []
    for _ in range(count):
        face = faces[generator.integers(len(faces))]
        side = round(float(np.exp(generator.uniform(*np.log(SIDES_PX)))))
        lit = resize_face(face, side, side) * generator.uniform(0.6, 1.3)
        noisy = lit + generator.normal(0, generator.uniform(0, 6), lit.shape)
        crops.append(np.clip(noisy.round(), 0, 255).astype(np.uint8))
    return crops


def resize_face(face: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize a gray crop."""
    return np.clip(resize(face.astype(np.float32), height, width).round(), 0, 255).astype(np.uint8)


def median_ms(call: Callable[[], object]) -> float:
    """Time a call, in milliseconds; the first three are not counted."""
    times = []
    for _ in range(ROUNDS + 3):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times[3:]))


def size_mb(path: Path) -> float:
    """Return the size of a file in megabytes."""
    return path.stat().st_size / 1e6


if __name__ == "__main__":
    main()
