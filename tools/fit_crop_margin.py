"""Fit the margin that turns a detector's box into a crop like those of FER+.

In: FER2013Train (fer0000000.png and so on). It has training faces only, so that test faces do not shape the convention.
Out: printed medians and spreads of ``scale`` and ``shift_y`` for ``ekspresi.imaging.cropping.CropConvention``. Does not
know about labels.

    python tools/fit_crop_margin.py FER2013Train [--faces 600]

The tool enlarges each face and surrounds it, because the detector was trained on faces in pictures. Two kinds of
surroundings (mirrored, and one flat gray) show how much the answer depends on them.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.types import Box

SIDE_PX = 192  # 4 x 48: large enough that the detector's own rounding does not count
BORDER_PX = 96
MIN_SCORE = 0.9
MIN_WIDTH = 0.5  # share of the face; smaller boxes are mirrored halves or eyes


def surround(face: NDArray[np.uint8], border: str) -> NDArray[np.uint8]:
    """Surround a gray face, uint8 (48, 48); return RGB uint8 (384, 384), face in the middle."""
    large = np.asarray(Image.fromarray(face).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))
    if border == "mirrored":
        picture = np.pad(large, BORDER_PX, mode="symmetric")
    else:
        picture = np.pad(large, BORDER_PX, constant_values=int(np.median(face)))
    return np.repeat(picture[:, :, None], 3, axis=2)


def find_box(detector: MtcnnDetector, face: NDArray[np.uint8], border: str) -> Box | None:
    """Find the confident box in the middle of a surrounded face; None for no box or several."""
    center = BORDER_PX + SIDE_PX / 2
    found = []
    for candidate in detector.detect(surround(face, border)):
        x1, y1, x2, y2 = candidate.box_xyxy
        off = max(abs((x1 + x2) / 2 - center), abs((y1 + y2) / 2 - center))
        if candidate.score >= MIN_SCORE and x2 - x1 >= MIN_WIDTH * SIDE_PX and off < SIDE_PX / 4:
            found.append(candidate.box_xyxy)
    return found[0] if len(found) == 1 else None


def main() -> None:
    """Detect the faces, fit the margin and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="FER2013Train")
    parser.add_argument("--faces", type=int, default=600, help="number of faces, drawn at random with seed 0")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.glob("*.png"))
    chosen = np.random.default_rng(0).permutation(len(paths))[: arguments.faces]
    faces = [np.asarray(Image.open(paths[i]).convert("L")) for i in chosen]
    detector = MtcnnDetector(min_face_px=64)
    for border in ("mirrored", "gray"):
        boxes = [box for face in faces if (box := find_box(detector, face, border)) is not None]
        x1, y1, x2, y2 = np.array(boxes).T
        longer = np.maximum(x2 - x1, y2 - y1)
        center = BORDER_PX + SIDE_PX / 2
        print(f"{border} surroundings: {len(boxes)} of {len(faces)} faces found")
        values = {
            "scale": SIDE_PX / longer,
            "shift_y": (center - (y1 + y2) / 2) / longer,
            "shift_x": (center - (x1 + x2) / 2) / longer,
            "width / height of the box": (x2 - x1) / (y2 - y1),
        }
        for name, value in values.items():
            low, middle, high = np.quantile(value, [0.25, 0.5, 0.75])
            print(f"  {name}: median {middle:.3f}, quartiles {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()
