"""Measure 52 blendshapes of each face of a data set with MediaPipe's Face Landmarker.

In: a data set, and Google's model file ``face_landmarker.task`` (Apache-2.0). Out: a .npz file for the key
``blendshapes`` of a training: ``files``, ``names``, and ``values`` float32 (N, 52), NaN where no face was found. Needs
the package mediapipe, which ekspresi itself never imports.

    python tools/measure_blendshapes.py ferplus:data/ferplus face_landmarker.task runs/blendshapes.npz
"""

import argparse
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray
from PIL import Image

from ekspresi.datasets.registry import read

SIDE_PX, MARGIN_PX = 192, 48
"""Side to which a face is enlarged, and the even gray around it: the landmarker looks for faces within pictures."""

CONFIDENCE = 0.2
"""Lowest confidence of the landmarker's detection and presence; the faces are known to be faces."""


def enlarge(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a gray face (H, W) and lay it on its own mean gray, as RGB uint8 (S, S, 3)."""
    canvas = np.full((SIDE_PX + 2 * MARGIN_PX,) * 2, round(float(face.mean())), np.uint8)
    inner = slice(MARGIN_PX, MARGIN_PX + SIDE_PX)
    canvas[inner, inner] = np.asarray(Image.fromarray(face).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))
    return np.repeat(canvas[:, :, None], 3, axis=2)


def main() -> None:
    """Measure all faces and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", help="data set, READER:PATH")
    parser.add_argument("landmarker", type=Path, help="face_landmarker.task")
    parser.add_argument("out", type=Path, help="the .npz file to write")
    arguments = parser.parse_args()

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(arguments.landmarker)),
        output_face_blendshapes=True,
        min_face_detection_confidence=CONFIDENCE,
        min_face_presence_confidence=CONFIDENCE,
    )
    dataset = read(arguments.spec)
    values = np.full((len(dataset), 52), np.nan, np.float32)
    names: list[str] = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for i, face in enumerate(dataset.images):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=enlarge(face))
            if found := landmarker.detect(image).face_blendshapes:
                names = [shape.category_name for shape in found[0]]
                values[i] = [shape.score for shape in found[0]]
            if (i + 1) % 1000 == 0:
                print(f"{i + 1} of {len(dataset)} faces", flush=True)
    if not names:
        parser.error("no face was found. Check the data set and the model file.")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(arguments.out, files=dataset.names, names=np.array(names), values=values)
    print(f"{arguments.out}: {100 * np.isfinite(values[:, 0]).mean():.1f} % of {len(dataset)} faces found")


if __name__ == "__main__":
    main()
