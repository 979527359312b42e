"""Faces of ``examples/`` at many sizes: crops, and scenes with the boxes of their faces."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

EXAMPLES = Path(__file__).parents[2] / "examples"
ASTRONAUT = (178, 60, 267, 172)
SIDES_PX = (6, 300)


def read_faces():
    """Return 35 gray faces with some surroundings, as Pillow images."""
    with Image.open(EXAMPLES / "astronaut.jpg") as photo:
        faces = [_around(photo, ASTRONAUT)]
    with Image.open(EXAMPLES / "corridor.jpg") as photo:
        boxes = json.loads((EXAMPLES / "corridor.json").read_text(encoding="utf-8"))["faces"]
        faces += [_around(photo, box["box_xyxy"]) for box in boxes]
    with Image.open(EXAMPLES / "lfw-faces.png") as sheet:
        faces += [sheet.crop((44 * x + 8, 44 * y + 8, 44 * x + 33, 44 * y + 33)) for y in range(4) for x in range(6)]
    return faces


def draw_crops(count, seed=0):
    """Return crops, uint8 gray (H, W), of 6 to 300 px, more of the small ones; every fifth is not square."""
    generator = np.random.default_rng(seed)
    faces = read_faces()
    crops = []
    for number in range(count):
        face = faces[generator.integers(len(faces))]
        left, top = generator.uniform(0, 0.1, 2) * face.width
        right, bottom = face.width - generator.uniform(0, 0.1, 2) * face.width
        side = round(np.exp(generator.uniform(*np.log(SIDES_PX))))
        tall = side if number % 5 else max(6, round(side * generator.uniform(0.7, 1)))
        box = (left, top, right, bottom)
        resized = face.resize((side, tall), Image.Resampling.BICUBIC, box)
        lit = ImageEnhance.Brightness(resized).enhance(generator.uniform(0.6, 1.3))
        noisy = np.asarray(lit, np.float64) + generator.normal(0, generator.uniform(0, 6), (tall, side))
        crops.append(np.clip(noisy.round(), 0, 255).astype(np.uint8))
    return crops


def draw_boxes(count, width, height, seed=0):
    """Return boxes, float32 (count, 4), of 4 to 300 px around points of an image and beyond its edges."""
    generator = np.random.default_rng(seed)
    sides = np.exp(generator.uniform(*np.log([4, 300]), count))
    sides[::3] = sides[::3].round()  # whole numbers give ties when they are rounded
    x = generator.uniform(-0.1, 1.1, count) * width
    y = generator.uniform(-0.1, 1.1, count) * height
    x[::3], y[::3] = x[::3].round(), y[::3].round()
    widths = sides * np.where(np.arange(count) % 2, 1, generator.uniform(0.7, 1, count))
    widths[::3] = widths[::3].round()
    return np.stack([x, y, x + widths, y + sides], axis=1).astype(np.float32)


def _around(photo, box):
    x1, y1, x2, y2 = box
    half, x, y = max(x2 - x1, y2 - y1) / 2, (x1 + x2) / 2, (y1 + y2) / 2
    return photo.convert("L").crop((round(x - half), round(y - half), round(x + half), round(y + half)))
