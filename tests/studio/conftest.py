"""Pages that the tests of the studio share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.studio_pages import (
    CAMERA_FLAGS,
    OPEN_ENGINE,
    UNPACK,
    StudioPage,
    open_studio,
    require_chromium,
    watch_page,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
OpenPage = Callable[..., StudioPage]


def write_clip(path: Path) -> Path:
    """Write a video of the astronaut's portrait, who moves slowly, as a camera without sound gives it."""
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")
    with path.open("wb") as file:
        for turn in np.linspace(0, 2 * np.pi, 90, endpoint=False):
            frame = Image.new("RGB", (640, 480), (70, 75, 80))
            frame.paste(portrait, (round(60 + 25 * np.sin(turn)), -20))
            frame.paste(portrait.resize((220, 220)), (430 - round(10 * np.sin(turn)), 230))
            frame.save(file, "JPEG", quality=85)
    return path


@pytest.fixture(scope="package")  # while a page of Playwright is open, no other test can run an event loop
def engine_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioPage]:
    """A page of the studio's origin with an open engine, on one thread, and nothing else."""
    require_chromium()
    clip = write_clip(tmp_path_factory.mktemp("clip") / "astronaut.mjpeg")
    with open_studio("/js/engine/client.js", *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={clip}") as studio:
        studio.run(UNPACK)
        studio.run(OPEN_ENGINE, {"threads": 1})
        yield studio


@pytest.fixture(scope="package")
def open_page(engine_page: StudioPage) -> OpenPage:
    """A function that opens the studio's page in a context of its own: ``open_page(locale="id-ID")``."""

    def open_one(setup: Callable[[Any], None] | None = None, *, offline: bool = False, **options: Any) -> StudioPage:
        settings = {"viewport": {"width": 1280, "height": 860}, "locale": "en-US", **options}
        context = engine_page.page.context.browser.new_context(**settings)
        studio = watch_page(context.new_page(), engine_page.origin, engine_page.server)
        if not offline:  # a service worker would load all files once more
            studio.page.add_init_script("delete Navigator.prototype.serviceWorker;")
        if setup is not None:
            setup(studio.page)
        studio.page.goto(engine_page.origin + "/")
        return studio

    return open_one


@pytest.fixture(scope="package")
def shared_page(open_page: OpenPage) -> Iterator[StudioPage]:
    """One page for all tests that leave it as they find it: English, light, an example open."""
    studio = open_page(color_scheme="light")
    studio.settle()
    yield studio
    studio.page.context.close()


@pytest.fixture
def studio_page(shared_page: StudioPage) -> Iterator[StudioPage]:
    """The shared page with the corridor open; at the end nothing but files of the page was asked for."""
    shared_page.page.set_viewport_size({"width": 1280, "height": 860})
    if shared_page.page.get_attribute('[data-example="corridor.jpg"]', "aria-pressed") == "true":
        shared_page.settle()
    else:
        shared_page.open("corridor.jpg")
    yield shared_page
    foreign = [
        address for method, address in shared_page.requests if method != "GET" or not is_own(address, shared_page)
    ]
    problems, shared_page.problems = shared_page.problems, []  # a later test does not repeat them
    shared_page.requests.clear()
    assert (foreign, shared_page.violations(), problems) == ([], [], [])


def is_own(address: str, studio: StudioPage) -> bool:
    return address.startswith((studio.origin + "/", "blob:" + studio.origin))
