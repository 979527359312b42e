"""Compose pictures of the faces that may be shipped, at random places, sizes, tones and tints."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

EXAMPLES = Path(__file__).parents[2] / "examples"
_CELL_PX = 45  # step between the faces of lfw-faces.png
_SMALLEST_PX, _LARGEST_PX = 20, 150  # sides of a pasted head


def compose_scene(seed: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """Return a picture, RGB uint8 (height, width, 3), of about five faces before a blurred background."""
    rng = np.random.default_rng(seed)
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")
    background = portrait.resize((width, height), Image.Resampling.BICUBIC, box=_random_box(rng, *portrait.size))
    scene = background.filter(ImageFilter.GaussianBlur(6))
    taken: list[tuple[int, int, int]] = []
    for _ in range(40):
        side = int(np.exp(rng.uniform(np.log(_SMALLEST_PX), np.log(min(_LARGEST_PX, height - 8)))))
        left, top = int(rng.integers(0, width - side)), int(rng.integers(0, height - side))
        if len(taken) == 5 or any(_overlap((left, top, side), other) for other in taken):
            continue
        taken.append((left, top, side))
        scene.paste(_tinted(_head(rng, portrait, side), rng), (left, top), _fading(side))
    noise = rng.normal(0, rng.uniform(0, 4), (height, width, 1))
    return np.clip(np.asarray(scene, dtype=np.float64) + noise, 0, 255).astype(np.uint8)


def cut_crops(sides: list[int]) -> list[NDArray[np.uint8]]:
    """Return gray square crops of the astronaut's face, uint8 (S, S), one for each side in pixels."""
    face = Image.open(EXAMPLES / "astronaut.jpg").convert("L").crop((170, 64, 276, 170))
    return [np.asarray(face.resize((side, side), Image.Resampling.BICUBIC)) for side in sides]


def _random_box(rng: np.random.Generator, width: int, height: int) -> tuple[int, int, int, int]:
    left, top = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
    return (left, top, left + width // 2, top + height // 2)


def _head(rng: np.random.Generator, portrait: Image.Image, side: int) -> Image.Image:
    if rng.random() < 0.5:
        head = portrait.crop((150, 40, 296, 186))
    else:
        sheet = Image.open(EXAMPLES / "lfw-faces.png").convert("RGB")
        left, top = 4 + _CELL_PX * int(rng.integers(0, 5)), 4 + _CELL_PX * int(rng.integers(0, 4))
        head = sheet.crop((left, top, left + _CELL_PX - 12, top + _CELL_PX - 12))
    if rng.random() < 0.5:
        head = head.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return head.resize((side, side), Image.Resampling.BICUBIC)


def _tinted(head: Image.Image, rng: np.random.Generator) -> Image.Image:
    tint, contrast = rng.uniform(0.8, 1.15, 3), rng.uniform(0.7, 1.1)
    pixels = (np.asarray(head, dtype=np.float64) - 110) * contrast + 110
    return Image.fromarray(np.clip(pixels * tint, 0, 255).astype(np.uint8))


def _fading(side: int) -> Image.Image:
    distance = np.abs((np.arange(side) + 0.5) / side - 0.5) * 2
    share = np.clip((1 - distance) * 6, 0, 1)
    return Image.fromarray((share[:, None] * share[None, :] * 255).astype(np.uint8))


def _overlap(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    apart = (abs(one[axis] + one[2] / 2 - other[axis] - other[2] / 2) for axis in (0, 1))
    return max(apart) < (one[2] + other[2]) / 2
