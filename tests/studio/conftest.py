"""Pages that the tests of the studio share."""

from collections.abc import Iterator

import pytest

from tests.support.studio_pages import OPEN_ENGINE, UNPACK, StudioPage, open_studio, require_chromium


@pytest.fixture(scope="package")  # while a page of Playwright is open, no other test can run an event loop
def engine_page() -> Iterator[StudioPage]:
    """A page of the studio's origin with an open engine, on one thread, and nothing else."""
    require_chromium()
    with open_studio("/js/engine/client.js") as studio:
        studio.run(UNPACK)
        studio.run(OPEN_ENGINE, {"threads": 1})
        yield studio
