"""Make the pictures of examples/: a portrait, a sheet of 25 px faces, a corridor.

In: ``skimage.data.astronaut`` and ``skimage.data.lfw_subset``. Out: astronaut.jpg, lfw-faces.png, corridor.jpg and
corridor.json, whose boxes are where the tool drew the faces. Does not know about detectors.

    pip install scikit-image
    python tools/make_examples.py

The corridor is drawn by casting a ray through every pixel. Lengths are meters, the camera looks along z; a
face ``FACE_M`` high at distance z is ``FOCAL_PX * FACE_M / z`` pixels high.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[np.float32]

EXAMPLES = Path(__file__).parents[1] / "examples"
WIDTH, HEIGHT, SUPERSAMPLING = 960, 640, 3
FOCAL_PX, CENTER = 700.0, (480.0, 225.0)
HALF_WIDTH_M, CAMERA_M, CEILING_M, END_M = 1.6, 1.9, 2.75, 21.0
FACE_M, HEAD_M = 0.2, 1.66  # height of a face; of its middle above the floor
ASTRONAUT_BOX = (179.0, 60.0, 267.0, 171.0)  # forehead to chin in skimage.data.astronaut
LFW_BOX = (1.5, 0.5, 21.0, 23.5)  # the same in a 25 px face of lfw_subset, about
SHEET = (1, 18, 31, 46, 58, 63, 69, 79, 85, 91, 93, 11, 49, 53, 38, 27, 66, 77, 84, 43, 9, 50, 37, 81)


@dataclass(frozen=True)
class Person:
    """Describe a person in the corridor.

    Attributes:
        face_px: height of the face in pixels.
        x_m: sideways from the middle of the corridor; negative is left.
        source: 'astronaut', 'astronaut-mirrored', or the number of a face in lfw_subset.
        coat: brightness of the clothes, 0..1.
    """

    face_px: float
    x_m: float
    source: str
    coat: float = 0.3


PEOPLE = (
    Person(120, -0.50, "astronaut"),
    Person(80, 0.82, "astronaut-mirrored", 0.42),
    Person(56, 0.53, "astronaut", 0.40),
    Person(40, -0.44, "46", 0.30),
    Person(30, 0.52, "18", 0.62),
    Person(24, -0.16, "63", 0.24),
    Person(20, -0.56, "79", 0.5),
    Person(16, 0.29, "91", 0.35),
    Person(12, 0.70, "69", 0.55),
    Person(10, 0.10, "85", 0.28),
)


def corridor() -> Array:
    """Draw the empty corridor, float32 (H, W) in 0..1."""
    n = SUPERSAMPLING
    across = ((np.arange(WIDTH * n) + 0.5) / n - CENTER[0]) / FOCAL_PX
    down = ((np.arange(HEIGHT * n) + 0.5) / n - CENTER[1]) / FOCAL_PX
    dx, dy = np.meshgrid(across.astype(np.float32), down.astype(np.float32))
    wall = HALF_WIDTH_M / np.maximum(np.abs(dx), 1e-6)
    floor = CAMERA_M / np.maximum(dy, 1e-6)
    ceiling = (CEILING_M - CAMERA_M) / np.maximum(-dy, 1e-6)
    z = np.minimum.reduce([wall, floor, ceiling, np.full_like(wall, END_M)])
    x, height = dx * z, CAMERA_M - dy * z
    lamp = 0.5 + 0.5 * np.cos(2 * np.pi * z / 3.0)

    door_phase = np.mod(z + np.where(dx > 0, 1.5, 0.0), 4.2)
    is_door = (door_phase < 1.0) & (height < 2.05)
    is_frame = (door_phase < 1.08) & (height < 2.12) & ~is_door
    plaster = np.where(height < 0.95, 0.50, 0.70) - 0.05 * (np.abs(height - 0.95) < 0.03)
    plaster = np.where(height < 0.1, 0.33, plaster)
    walls = np.where(is_door, 0.36 + 0.04 * (door_phase > 0.5), np.where(is_frame, 0.8, plaster))
    walls = walls * (0.80 + 0.20 * lamp * np.clip(height / CEILING_M, 0, 1))

    tiles = (np.floor(x / 0.6) + np.floor(z / 0.6)) % 2
    shine = 0.24 * lamp * np.exp(-((x / 0.55) ** 2))
    floors = 0.40 + 0.035 * tiles + shine
    is_panel = (np.abs(x) < 0.5) & (np.mod(z + 0.45, 3.0) < 0.9)
    ceilings = np.where(is_panel, 1.0, 0.66 + 0.12 * lamp * np.exp(-((x / 1.2) ** 2)))
    end = np.where((np.abs(x) < 0.95) & (height < 2.2), 0.92 - 0.1 * (np.abs(x) < 0.03), 0.68)

    surface = np.where(z == wall, walls, np.where(z == floor, floors, np.where(z == ceiling, ceilings, end)))
    corner = np.minimum(np.abs(HALF_WIDTH_M - np.abs(x)), np.minimum(height, CEILING_M - height))
    surface = surface * (1 - 0.22 * np.exp(-np.maximum(corner, 0) / 0.18))
    haze = np.where(is_panel & (z == ceiling), 0.0, 1 - np.exp(-z / 40))
    picture = surface * (1 - haze) + 0.8 * haze
    return np.asarray(picture.reshape(HEIGHT, n, WIDTH, n).mean(axis=(1, 3)), dtype=np.float32)


def put(picture: Array, person: Person) -> tuple[float, float, float, float]:
    """Draw one person into the picture, in place; return the face's box, forehead to chin."""
    pixels_a_metre = person.face_px / FACE_M
    x = CENTER[0] + person.x_m * pixels_a_metre
    y = CENTER[1] + (CAMERA_M - HEAD_M) * pixels_a_metre
    if person.face_px < 100:  # of the nearest, the portrait shows all that is in the picture
        _figure(picture, x, y, pixels_a_metre, person.coat, person.source.startswith("astronaut"))
    if person.source.startswith("astronaut"):
        portrait = np.asarray(Image.fromarray(skimage.data.astronaut()).convert("L"))
        return _paste(picture, portrait, ASTRONAUT_BOX, x, y, person)
    face = np.rint(skimage.data.lfw_subset()[int(person.source)] * 255).astype(np.uint8)
    spread = 165 + 0.75 * (face.astype(np.float32) - face[5:20, 5:20].mean())  # the same light on everyone
    return _paste(picture, np.clip(spread, 0, 255).astype(np.uint8), LFW_BOX, x, y, person)


def _figure(picture: Array, x: float, y: float, meter: float, coat: float, suit: bool) -> None:
    """Draw hair, neck, coat and legs, shaded from the middle to the sides."""
    n = 4
    shapes = Image.new("L", (WIDTH * n, HEIGHT * n))
    depth = np.clip((meter - 50) / 550, 0, 1)
    haze = 0.25 * (1 - depth)

    def paint(
        value: float,
        polygon: list[tuple[float, float]] | None,
        ellipse: tuple[float, ...] = (),
        blur_m: float = 0.004,
        opacity: float = 1.0,
    ) -> None:
        draw = ImageDraw.Draw(shapes)
        draw.rectangle((0, 0, *shapes.size), fill=0)
        if polygon is not None:
            draw.polygon([((x + a * meter) * n, (y + b * meter) * n) for a, b in polygon], fill=255)
        else:
            left, top, right, bottom = ellipse
            corners = [x + left * meter, y + top * meter, x + right * meter, y + bottom * meter]
            draw.ellipse([corner * n for corner in corners], fill=255)
        shape = shapes.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
        soft = shape.filter(ImageFilter.GaussianBlur(meter * blur_m))
        alpha = np.asarray(soft, dtype=np.float32) * (opacity / 255)
        side = (np.arange(WIDTH, dtype=np.float32) - x) / (0.3 * meter)
        shade = value * (1.08 - 0.30 * np.clip(side + 0.35, -1.5, 1.5) ** 2)
        shade = np.clip(shade, 0.03, 1) * (1 - haze) + 0.8 * haze
        picture[:] = picture * (1 - alpha) + shade * alpha

    paint(0.05, None, (-0.34, 1.52, 0.40, 1.72), blur_m=0.05, opacity=0.6)  # shadow on the floor
    paint(
        0.12,
        [(-0.17, 0.72), (0.17, 0.72), (0.13, 1.62), (0.02, 1.62), (0, 1.0), (-0.02, 1.62), (-0.13, 1.62)],
    )
    if suit:  # the portrait covers all above the hips
        paint(coat, [(-0.22, 0.50), (0.24, 0.50), (0.21, 0.95), (0.02, 1.05), (-0.19, 0.95)])
        return
    turns = np.linspace(0, np.pi, 24)
    shoulders = [(-0.24 * np.cos(t), 0.30 - 0.145 * np.sin(t) ** 0.7) for t in turns]
    for mirror in (-1, 1):
        arm = [
            (0.10, 0.20),
            (0.20, 0.22),
            (0.25, 0.33),
            (0.28, 0.86),
            (0.25, 0.92),
            (0.20, 0.90),
            (0.17, 0.40),
        ]
        paint(0.5, None, (mirror * 0.24 - 0.045, 0.84, mirror * 0.24 + 0.045, 0.98))
        paint(coat * 0.8, [(mirror * a, b) for a, b in arm])
    paint(coat, [*shoulders, (0.21, 0.45), (0.185, 0.88), (-0.185, 0.88), (-0.21, 0.45)])
    paint(coat * 0.7, [(-0.006, 0.22), (0.006, 0.22), (0.006, 0.88), (-0.006, 0.88)])
    paint(0.48, [(-0.055, 0.05), (0.055, 0.05), (0.075, 0.185), (0, 0.23), (-0.075, 0.185)])
    paint(0.16, None, (-0.090, -0.138, 0.090, 0.05))


def _paste(
    picture: Array,
    source: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    x: float,
    y: float,
    person: Person,
) -> tuple[float, float, float, float]:
    """Scale a source so that the face in ``box`` has its size, and blend it in around (x, y)."""
    scale = person.face_px / (box[3] - box[1])
    image = Image.fromarray(source)
    if person.source.endswith("mirrored"):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        box = (source.shape[1] - box[2], box[1], source.shape[1] - box[0], box[3])
    mask = _face_mask(image.size, box)
    if person.source.startswith("astronaut"):
        mask = _bust_mask(image.size)
        mask = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if person.source.endswith("mirrored") else mask
    size = (round(image.width * scale), round(image.height * scale))
    pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255
    alpha = np.asarray(mask.resize(size, Image.Resampling.BILINEAR), dtype=np.float32) / 255
    left = round(x - (box[0] + box[2]) / 2 * scale)
    top = round(y - (box[1] + box[3]) / 2 * scale)
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + size[0], WIDTH), min(top + size[1], HEIGHT)
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    area = picture[y1:y2, x1:x2]
    area[:] = area * (1 - alpha[part]) + pixels[part] * alpha[part]
    return tuple(  # type: ignore[return-value]
        round(edge * scale + start, 1) for edge, start in zip(box, (left, top, left, top), strict=True)
    )


def _face_mask(size: tuple[int, int], box: tuple[float, float, float, float]) -> Image.Image:
    """Draw a soft ellipse over the face."""
    ys, xs = np.mgrid[: size[1], : size[0]] + 0.5
    width, height = box[2] - box[0], box[3] - box[1]
    across, down = xs - (box[0] + box[2]) / 2, ys - (box[1] + box[3]) / 2
    radius = np.hypot(across / (0.56 * width), down / (0.56 * height))
    return Image.fromarray((255 * np.clip((1.08 - radius) / 0.2, 0, 1)).astype(np.uint8))


def _bust_mask(size: tuple[int, int]) -> Image.Image:
    """Draw the outline of the portrait's head and suit, traced by hand."""
    outline = [
        (156, 72), (169, 46), (197, 25), (232, 18), (266, 29), (288, 52), (296, 84), (288, 108), (276, 122),
        (264, 130), (261, 150), (258, 176), (276, 190), (298, 214), (304, 238), (330, 258), (348, 288),
        (358, 330), (330, 362), (292, 420), (282, 512), (24, 512), (20, 440), (26, 340), (40, 284), (62, 255),
        (112, 236), (114, 192), (130, 168), (160, 154), (192, 152), (191, 140), (180, 124), (164, 112),
    ]  # fmt: skip
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(1.6)), dtype=np.float32)
    fade = np.clip((size[1] - np.arange(size[1])) / 30, 0, 1)[:, None]  # into the drawn clothes below
    return Image.fromarray((soft * fade).astype(np.uint8))


def sheet() -> NDArray[np.uint8]:
    """Draw 24 faces of lfw_subset at their own 25 px, with soft edges on gray, uint8 (H, W)."""
    cell, columns = 44, 6
    faces = skimage.data.lfw_subset()
    picture = np.full((len(SHEET) // columns * cell, columns * cell), 0.45, dtype=np.float32)
    edge = np.minimum(np.arange(25), np.arange(25)[::-1])
    ramp = np.clip((np.minimum.outer(edge, edge) + 1) / 3, 0, 1)
    margin = (cell - 25) // 2
    for i, number in enumerate(SHEET):
        top, left = i // columns * cell + margin, i % columns * cell + margin
        area = picture[top : top + 25, left : left + 25]
        area[:] = area * (1 - ramp) + faces[number] * ramp
    return np.rint(picture * 255).astype(np.uint8)


def main() -> None:
    """Write all pictures."""
    EXAMPLES.mkdir(exist_ok=True)
    Image.fromarray(skimage.data.astronaut()).save(EXAMPLES / "astronaut.jpg", quality=88, optimize=True)
    Image.fromarray(sheet()).save(EXAMPLES / "lfw-faces.png", optimize=True)
    picture = corridor()
    truth = []
    for person in sorted(PEOPLE, key=lambda p: p.face_px):
        box = put(picture, person)
        truth.append({"box_xyxy": box, "face_px": person.face_px, "source": person.source})
    picture += np.random.default_rng(0).normal(0, 0.008, picture.shape).astype(np.float32)
    picture = np.clip((picture - 0.06) / 0.84, 0, 1) ** 0.88
    tint = np.array([1.0, 1.0, 0.965], dtype=np.float32)
    rgb = np.rint(np.clip(picture[:, :, None] * tint, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(rgb).save(EXAMPLES / "corridor.jpg", quality=88, optimize=True)
    text = json.dumps({"image": "corridor.jpg", "faces": truth[::-1]}, indent=1)
    (EXAMPLES / "corridor.json").write_text(text + "\n")
    for name in ("astronaut.jpg", "lfw-faces.png", "corridor.jpg", "corridor.json"):
        print(f"{name}: {(EXAMPLES / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
