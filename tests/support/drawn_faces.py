"""Draw small faces whose brows and mouth show their class, in the layout of CK+48."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")


def draw_face(kind: int, generator: np.random.Generator) -> Image.Image:
    """48 x 48 px: an oval head whose brows and mouth say which class it is."""
    image = Image.new("L", (192, 192), int(generator.integers(40, 120)))
    pen = ImageDraw.Draw(image)
    dx, dy = generator.integers(-8, 9, 2)
    skin = int(generator.integers(150, 230))
    pen.ellipse((24 + dx, 8 + dy, 168 + dx, 184 + dy), fill=skin)
    tilt = (24, 0, 12, -24, 0, -12, -8)[kind]
    for side in (-1, 1):
        x, y = 96 + dx + side * 34, 78 + dy
        pen.ellipse((x - 10, y - 6, x + 10, y + 6), fill=30)
        pen.line((x - side * 18, y - 24 + tilt // 2, x + side * 18, y - 24 - tilt // 2), fill=20, width=7)
    x, y = 96 + dx, 140 + dy
    if kind == 6:
        pen.ellipse((x - 18, y - 22, x + 18, y + 22), fill=20)
    elif kind == 4:
        pen.chord((x - 40, y - 40, x + 40, y + 20), 10, 170, fill=240)
    elif kind == 5:
        pen.arc((x - 36, y, x + 36, y + 44), 190, 350, fill=20, width=8)
    elif kind == 3:
        pen.rectangle((x - 30, y - 8, x + 30, y + 8), fill=240, outline=20, width=4)
    elif kind == 1:
        pen.line((x - 30, y, x + 30, y - 22), fill=20, width=8)
    elif kind == 2:
        pen.line([(x - 32, y), (x - 12, y - 14), (x + 12, y + 8), (x + 32, y - 8)], fill=20, width=8)
    else:
        pen.line((x - 36, y, x + 36, y), fill=20, width=12)
    return image.resize((48, 48), Image.Resampling.BOX)


def write_ck_tree(root: Path) -> Path:
    """Write CK+48's layout into a folder: 20 subjects, seven classes, three frames each."""
    generator = np.random.default_rng(0)
    for kind, name in enumerate(CLASSES):
        (root / name).mkdir()
        for subject in range(20):
            for frame in range(3):
                face = draw_face(kind, generator)
                face.save(root / name / f"S{subject:03d}_{kind + 1:03d}_{frame + 10:08d}.png")
    return root
