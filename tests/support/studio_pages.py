"""Open the studio's files in a headless Chromium, and collect what a page must not do."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ekspresi.studio.server import make_server
from ekspresi.studio.site import SITE

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CAMERA_FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""Flags of a camera that shows a file, without a question to the user."""
_WATCH = """
globalThis.violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`);
});
"""


@dataclass
class StudioPage:
    """A page of the studio's origin, and what happened in it.

    ``page`` is Playwright's; ``requests`` are (method, address); ``problems`` are errors and warnings of the console.
    """

    page: Any
    origin: str
    server: Any
    requests: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def run(self, body: str, argument: object = None) -> Any:
        """Run the body of an async function of ``given`` in the page, and return its result."""
        return self.page.evaluate(f"async (given) => {{ {body} }}", argument)

    def hear(self, line: Any) -> None:
        """Keep a line of the console, unless it is about the icon that browsers ask a bare file's origin for."""
        if line.type != "log" and not line.location["url"].endswith("/favicon.ico"):
            self.problems.append(line.text)

    def wait(self, expression: str, limit_s: float = 30) -> Any:
        """Return the first true value of an expression; the page's policy forbids ``wait_for_function``."""
        end = time.monotonic() + limit_s
        while not (value := self.page.evaluate(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.03)
        return value

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector finds."""
        return str(self.page.evaluate("(selector) => document.querySelector(selector).textContent", selector))

    def open(self, name: str) -> None:
        """Open a picture of examples/ by its button, and wait for the sizes of its first face."""
        self.page.click(f'[data-example="{name}"]')
        self.wait(f"document.querySelector('[data-example=\"{name}\"][aria-pressed=true]')", 20)
        self.settle()

    def settle(self) -> None:
        """Wait until the picture is analyzed, and its chosen face at all sizes."""
        self.wait(
            "!document.querySelector('.stage').classList.contains('busy') && !document.querySelector('#size').disabled"
        )

    def violations(self) -> list[str]:
        return list(self.page.evaluate("() => violations"))


def require_chromium() -> None:
    """Skip the test where Chromium or Playwright is absent."""
    pytest.importorskip("playwright", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not at {CHROMIUM}")


@contextmanager
def open_studio(path: str, *flags: str) -> Iterator[StudioPage]:
    """Serve the studio and open one of its files in a browser of its own.

    A script file as the document gives a page that has the headers and the origin of the studio, and runs nothing.
    """
    require_chromium()
    from playwright.sync_api import sync_playwright

    with make_server(SITE, port=0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *flags])
                found = watch_page(browser.new_page(), f"http://127.0.0.1:{server.server_port}", server)
                found.page.goto(found.origin + path)
                yield found
                browser.close()
        finally:
            server.shutdown()
            thread.join()


def watch_page(page: Any, origin: str, server: Any) -> StudioPage:
    """Collect what happens in a page of Playwright from now on."""
    found = StudioPage(page, origin, server)
    page.on("request", lambda request: found.requests.append((request.method, request.url)))
    page.on("console", found.hear)
    page.on("pageerror", lambda error: found.problems.append(str(error)))
    page.add_init_script(_WATCH)
    return found


def to_rgba(image: NDArray[np.uint8]) -> dict[str, object]:
    """Pack an RGB or RGBA picture, uint8 (H, W, C), for ``unpack`` in the page."""
    height, width, channels = image.shape
    if channels == 3:
        image = np.concatenate([image, np.full((height, width, 1), 255, np.uint8)], axis=2)
    return {"width": width, "height": height, "base64": base64.b64encode(image.tobytes()).decode()}


def to_crop(gray: NDArray[np.uint8]) -> dict[str, object]:
    """Pack a square gray crop, uint8 (S, S), for ``unpack`` in the page."""
    return {"side": len(gray), "base64": base64.b64encode(gray.tobytes()).decode()}


UNPACK = """
const bytes = (text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0));
globalThis.unpack = ({ width, height, base64 }) => ({ data: bytes(base64), width, height });
globalThis.unpackCrop = ({ side, base64 }) => ({ side, gray: new Uint8Array(bytes(base64)) });
"""
"""Script for ``run``: functions that read what ``to_rgba`` and ``to_crop`` packed."""

OPEN_ENGINE = """
const { createEngine } = await import("/js/engine/client.js");
globalThis.engine = createEngine();
globalThis.facts = await engine.open(given ?? {});
return facts;
"""
"""Script for ``run``: open the engine, with the options that are given."""
