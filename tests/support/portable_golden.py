"""Write ``tests/portable/golden.json``: pictures of shipped faces, and the answers of the bundled model to them.

Run ``python -m tests.support.portable_golden`` after a change of the bundled model. Every runtime is checked against
this file, so it holds no code and no path: pictures are base64 of their bytes, row by row, channels last.
"""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ekspresi.imaging.cropping import gray
from ekspresi.imaging.sample_values import on_white
from ekspresi.recognition.recognizer import Recognizer
from tests.support.sample_faces import EXAMPLES, draw_crops

GOLDEN = Path(__file__).parents[1] / "portable" / "golden.json"
SCENE = (374, 238, 474, 298)
"""Part of ``corridor.jpg`` with three faces of 40 to 20 px."""
BOXES = (
    (0.625, 14.875, 34.5, 54.875),
    (40.0, 2.0, 56.0, 22.0),
    (75.0, 2.25, 91.25, 27.5),
    (-12.25, 8.0, 20.0, 47.75),
    (80.0, -9.5, 125.0, 40.0),
)
"""Boxes in it; the last two reach past its edges."""


def make_cases():
    """Return pictures, boxes and answers, ready for JSON."""
    recognizer = Recognizer(device="cpu")
    crops = sorted((crop for crop in draw_crops(90, seed=5) if crop.size < 3600), key=len)[::3]
    cases = [_case(crop[:, :, None], [], recognizer.predict_batch([crop])) for crop in crops]
    with Image.open(EXAMPLES / "corridor.jpg") as photo:
        rgb = np.asarray(photo.crop(SCENE))
    alpha = np.linspace(120, 290, rgb.shape[1]).clip(0, 255).astype(np.uint8)
    alpha = np.broadcast_to(alpha, rgb.shape[:2])
    shown = {
        "gray": (gray(rgb)[:, :, None], gray(rgb)[:, :, None]),
        "rgb": (rgb, rgb),
        "rgba": (np.dstack([rgb, alpha]), on_white(rgb, alpha)),
    }
    for image, opaque in shown.values():
        faces = [recognizer.metadata.crop.crop(opaque, box) for box in np.float32(BOXES).tolist()]
        cases.append(_case(image, BOXES, recognizer.predict_batch(faces)))
    return {"model": recognizer.metadata.name, "labels": recognizer.labels, "cases": cases}


def _case(image, boxes, batch):
    height, width, channels = image.shape
    return {
        "height": height,
        "width": width,
        "channels": channels,
        "image": base64.b64encode(np.ascontiguousarray(image).tobytes()).decode(),
        "boxes": boxes,
        "probabilities": batch.probabilities.round(6).tolist(),
        "effective_px": batch.effective_px.round(4).tolist(),
        "abstained": batch.abstained.tolist(),
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(make_cases()) + "\n", encoding="utf-8")
