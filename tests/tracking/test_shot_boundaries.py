"""Check that new scenes are boundaries, and that changes of light, noise, camera or people are not."""

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ekspresi.tracking.shot_boundaries import ShotBoundaryDetector, similarity

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (480, 270)
NAMES = ("astronaut.jpg", "corridor.jpg", "lfw-faces.png")


def view(name: str, x: float = 0.5, y: float = 0.5, fraction: float = 0.7, turn: float = 0.0) -> NDArray[np.uint8]:
    """Cut a part out of an example around a point; all in fractions of the picture."""
    with Image.open(EXAMPLES / name) as picture:
        whole = picture.convert("RGB")
    width = fraction * min(whole.width, whole.height * SIZE[0] / SIZE[1])
    center = np.array([x * whole.width, y * whole.height])
    scale, angle = width / SIZE[0], np.deg2rad(turn)
    across, down = scale * np.array([np.cos(angle), np.sin(angle)]), scale * np.array([-np.sin(angle), np.cos(angle)])
    start = center - across * SIZE[0] / 2 - down * SIZE[1] / 2
    matrix = (across[0], down[0], start[0], across[1], down[1], start[1])
    return np.asarray(whole.transform(SIZE, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def plain(color: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Draw a wall, lighter at the top, with a face before it."""
    light = np.linspace(1.1, 0.9, SIZE[1])[:, None, None]
    wall = (light * np.array(color) + np.zeros((*SIZE[::-1], 3))).clip(0, 255).astype(np.uint8)
    with Image.open(EXAMPLES / "astronaut.jpg") as picture:
        wall[100:150, 200:240] = picture.convert("RGB").crop((170, 40, 280, 178)).resize((40, 50))
    return wall


def noisy(image: NDArray[np.uint8], sigma: float, seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def lit(image: NDArray[np.uint8], gain: float, more: float = 0.0) -> NDArray[np.uint8]:
    return (image * gain + more).clip(0, 255).astype(np.uint8)


def boundaries(*images: NDArray[np.uint8]) -> list[bool]:
    detector = ShotBoundaryDetector()
    return [detector.update(image) for image in images]


@pytest.mark.parametrize("sigma", [0, 8])
def test_detector_another_scene_is_a_boundary(sigma: float) -> None:
    a, b, c = (noisy(view(name), sigma, seed) for seed, name in enumerate(NAMES))
    assert boundaries(a, a, b, b, c, c, a) == [False, False, True, False, True, False, True]


def test_detector_another_part_of_a_scene_is_a_boundary() -> None:
    for name in NAMES:
        assert boundaries(view(name, 0.25, 0.3, 0.4), view(name, 0.75, 0.7, 0.45)) == [False, True]


def test_detector_another_wall_is_a_boundary_by_color_alone() -> None:
    brown, blue = plain((120, 90, 60)), plain((40, 60, 110))
    assert similarity(brown, blue) > 0.6  # the same little structure
    assert boundaries(brown, noisy(brown, 3, 1), noisy(blue, 3, 2), blue, brown) == [False, False, True, False, True]


@pytest.mark.parametrize("name", NAMES)
def test_detector_changing_light_is_not_a_boundary(name: str) -> None:
    image = view(name)
    cast = (image * np.array([1.2, 1.0, 0.8])).clip(0, 255).astype(np.uint8)
    gray = np.asarray(Image.fromarray(image).convert("L").convert("RGB"))
    gamma = (255 * (image / 255) ** 1.6).astype(np.uint8)
    steps = [
        image,
        lit(image, 0.5),
        image,
        lit(image, 1.7),
        image,
        lit(image, 1.5, 60),
        image,
        cast,
        gray,
        image,
        gamma,
    ]
    assert not any(boundaries(*steps))


@pytest.mark.parametrize("color", [(120, 90, 60), (40, 60, 110), (128, 128, 128)])
def test_detector_changing_light_on_a_wall_is_not_a_boundary(color: tuple[float, float, float]) -> None:
    wall = plain(color)
    assert not any(boundaries(wall, lit(wall, 0.5), wall, lit(wall, 1.5, 40), wall, lit(wall, 1.0, 90), wall))


@pytest.mark.parametrize("name", NAMES)
def test_detector_noise_in_the_dark_is_not_a_boundary(name: str) -> None:
    dark = lit(view(name), 0.15)
    for sigma in (10, 25):
        assert not any(boundaries(*(noisy(dark, sigma, seed) for seed in range(10))))


def test_detector_noise_alone_is_not_a_boundary() -> None:
    flat = np.full((270, 480, 3), 90, dtype=np.uint8)
    assert not any(boundaries(*(noisy(flat, sigma, seed) for seed, sigma in enumerate((0, 3, 10, 25, 25, 10, 3, 0)))))


@pytest.mark.parametrize("name", NAMES)
def test_detector_moving_camera_is_not_a_boundary(name: str) -> None:
    pans = [view(name, 0.5 + move, fraction=0.5) for move in (0, 0.02, 0.07, 0.02, -0.05)]
    zooms = [view(name, fraction=fraction) for fraction in (0.5, 0.52, 0.55, 0.58)]
    shakes = [view(name, 0.5 + x, 0.5 + x, 0.6, turn) for x, turn in ((0, 0), (0.01, 2), (-0.01, -1), (0.02, 2))]
    for moves in (pans, zooms, shakes):
        assert not any(boundaries(*moves))


def test_detector_person_near_the_camera_is_not_a_boundary() -> None:
    scene, body = view("corridor.jpg"), view("astronaut.jpg")
    frames = [scene]
    for left in range(0, 320, 30):
        frames.append(scene.copy())
        frames[-1][:, left : left + 160] = body[:, 150:310]
    assert not any(boundaries(*frames, scene))


@pytest.mark.parametrize("blank", [0, 6, 255])
def test_detector_blank_frames_are_skipped(blank: int) -> None:
    a, b = view("astronaut.jpg"), view("corridor.jpg")
    nothing = noisy(np.full(a.shape, blank, dtype=np.uint8), 2, 0)
    assert boundaries(a, nothing, nothing, a, nothing, b, b) == [False, False, False, False, False, True, False]
    assert boundaries(nothing, a) == [False, False]
    assert similarity(a, nothing) == 0


def test_detector_another_size_is_a_boundary() -> None:
    image = view("corridor.jpg")
    assert boundaries(image, image[::2, ::2], image[::2, ::2]) == [False, True, False]
    assert similarity(image, image[::2, ::2]) > 0.9
    black = np.zeros_like(image)
    assert boundaries(black, black[::2, ::2], image[::2, ::2]) == [False, True, False]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (20, 20), (27, 48), (1000, 3)])
def test_detector_image_of_any_size_is_accepted(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert boundaries(image, image) == [False, False]
    assert 0.99 < similarity(image, image) <= 1.0001


def test_detector_large_frame_takes_a_few_milliseconds() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 1080, 1920, 3), dtype=np.uint8)
    detector = ShotBoundaryDetector()
    detector.update(frames[0])
    began = time.process_time()
    for number in range(60):
        detector.update(frames[number % 3])
    assert (time.process_time() - began) / 60 < 0.005  # of 0.6 ms: machines differ
