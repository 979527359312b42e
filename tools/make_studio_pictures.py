"""Take the pictures of the studio in the docs: docs/pictures/studio-*.png, by Playwright and Chromium.

.venv/bin/python tools/make_studio_pictures.py
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.studio_pages import CAMERA_FLAGS, StudioPage, open_studio, watch_page  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
DESKTOP = {"width": 1440, "height": 940}
NEUTRAL_FACE = 3  # index of a face of the corridor whose answer does not hold at all sizes
SHOWN_PX = 12
CAMERA_S = 15
FRAMES = 300  # of the camera, 30 a second
NOISE = 9  # gray levels


def write_scene(path: Path) -> None:
    """Write a video of the corridor: a camera that swings slowly forth and back, with the noise of a sensor."""
    corridor, generator = Image.open(ROOT / "examples" / "corridor.jpg").convert("RGB"), np.random.default_rng(0)
    with path.open("wb") as file:
        for turn in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
            width = corridor.height * 4 / 3 * (0.9 + 0.08 * np.cos(turn))
            left = (corridor.width - width) * (0.5 + 0.12 * np.sin(turn))
            top = (corridor.height - 0.75 * width) / 2
            box = (left, top, left + width, top + 0.75 * width)
            pixels = np.asarray(corridor.resize((640, 480), Image.Resampling.BILINEAR, box), np.float32)
            noisy = pixels + NOISE * generator.standard_normal(pixels.shape[:2], np.float32)[..., None]
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)


def choose_size(studio: StudioPage, px: int) -> None:
    """Move the slider by its keys to a size."""
    studio.page.locator("#size").focus()
    while int(studio.text("#size-now")) > px:
        studio.page.keyboard.press("ArrowRight")
    studio.page.evaluate("document.activeElement.blur()")


def show_light(studio: StudioPage) -> None:
    """Show the example as the page opens, with the face that is hard to read."""
    studio.page.locator(".face").nth(NEUTRAL_FACE).click()
    studio.settle()
    choose_size(studio, 24)


def show_dark(studio: StudioPage) -> None:
    """Show the evidence in a face of few pixels."""
    studio.page.locator(".face").nth(NEUTRAL_FACE).click()
    studio.settle()
    studio.page.click("#evidence")
    studio.wait("document.querySelector('#evidence').textContent === 'Hide the evidence'")


def show_small(studio: StudioPage) -> None:
    """Show a face reduced to ``SHOWN_PX``."""
    studio.page.locator(".face").nth(NEUTRAL_FACE).click()
    studio.settle()
    choose_size(studio, SHOWN_PX)


def show_camera(studio: StudioPage) -> None:
    """Show the camera and its time line, at a moment with all faces."""
    studio.page.click("#camera")
    studio.page.wait_for_timeout(1000 * CAMERA_S)
    studio.wait("document.querySelectorAll('.tag').length >= 2")


def show_nothing_else(studio: StudioPage) -> None:
    """Leave the page as it opens."""


PICTURES: dict[str, tuple[Callable[[StudioPage], None], dict[str, Any]]] = {
    "studio-light": (show_light, {"color_scheme": "light"}),
    "studio-dark": (show_dark, {"color_scheme": "dark"}),
    "studio-12px": (show_small, {"color_scheme": "light"}),
    "studio-camera": (show_camera, {"color_scheme": "dark", "viewport": {"width": 1440, "height": 1180}}),
    "studio-phone": (show_small, {"color_scheme": "light", "viewport": {"width": 390, "height": 844}}),
    "studio-indonesian": (show_small, {"color_scheme": "dark", "locale": "id-ID"}),
}
"""Name -> what happens before the picture is taken, and the browser's settings."""


def main() -> None:
    """Take the pictures whose names are given, or all."""
    names = sys.argv[1:] or list(PICTURES)
    with TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mjpeg")
        write_scene(clip)
        with open_studio("/icon.svg", *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={clip}") as first:
            for name in names:
                prepare, options = PICTURES[name]
                settings = {"viewport": DESKTOP, "locale": "en-US", **options}
                context = first.page.context.browser.new_context(**settings)
                studio = watch_page(context.new_page(), first.origin, first.server)
                studio.page.goto(first.origin + "/")
                studio.wait("document.querySelector('.stage')", limit_s=90)
                studio.settle()
                prepare(studio)
                studio.page.evaluate("scrollTo(0, 0)")
                studio.page.wait_for_timeout(500)
                path = FOLDER / f"{name}.png"
                studio.page.screenshot(path=path, full_page=name != "studio-camera")
                print(f"written: {os.path.relpath(path)}")
                context.close()


if __name__ == "__main__":
    main()
