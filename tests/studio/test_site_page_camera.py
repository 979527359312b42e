"""Run the camera, with a video of a face in its place, and save what it saw."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from ekspresi.recognition.recognizer import Recognizer
from ekspresi.tables.schema import column_names
from tests.support.studio_pages import StudioPage

SEEN = """
!document.querySelector("#rate").hidden && document.querySelectorAll(".box").length > 0 &&
document.querySelectorAll(".track-row").length > 0
"""
PIXELS = """() => {
  const context = new OffscreenCanvas(60, 60).getContext("2d", { willReadFrequently: true });
  context.drawImage(document.querySelector("#picture"), -320, -60);
  return context.getImageData(0, 0, 60, 60).data.join();
}"""


@pytest.fixture
def camera_page(studio_page: StudioPage) -> StudioPage:
    studio_page.page.click("#camera")
    studio_page.wait(SEEN)
    return studio_page


def refuse(name: str) -> Callable[[StudioPage], None]:
    """Make a camera that fails with an error of a name, as browsers do."""

    def setup(studio: StudioPage) -> None:
        studio.run(
            """
            globalThis.allowed ??= navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", given); };
            """,
            name,
        )

    return setup


def allow(studio: StudioPage) -> None:
    studio.run("navigator.mediaDevices.getUserMedia = allowed; delete globalThis.allowed;")


def save(studio: StudioPage, button: str, folder: Path) -> Path:
    with studio.page.expect_download() as saving:
        studio.page.click(button)
    path = folder / saving.value.suggested_filename
    saving.value.save_as(path)
    return path


def test_camera_shows_faces_rate_and_time_line(camera_page: StudioPage) -> None:
    page = camera_page.page
    assert camera_page.text("#camera-text") == "Stop the camera"
    camera_page.wait("document.querySelector('#rate').textContent.endsWith('frames/s')")
    name = page.locator(".track-row").first.get_attribute("aria-label")
    assert name.startswith("Face 1, now ")
    assert "While seen: " in name
    camera_page.wait("document.querySelectorAll('.track-row .layer').length >= 8")
    assert camera_page.text("#answer") != "No face chosen"
    page.click("#camera")
    assert page.is_hidden("#rate")


def test_camera_frame_changes_and_stops(camera_page: StudioPage) -> None:
    page = camera_page.page
    frames = set()
    for _ in range(200):
        frames.add(page.evaluate(PIXELS))
        page.wait_for_timeout(50)
        if len(frames) >= 3:
            break
    assert len(frames) >= 3
    page.click("#camera")
    camera_page.wait(
        "!document.querySelector('#save-picture').disabled || document.querySelectorAll('.box').length === 0"
    )
    still = page.evaluate(PIXELS)
    camera_page.run("await new Promise((resolve) => setTimeout(resolve, 400));")
    assert page.evaluate(PIXELS) == still
    assert camera_page.text("#status") == "The camera is off. This is its last picture."
    assert page.is_visible("#timeline"), "the time line stays"


def test_camera_rows_are_saved_as_the_table_of_predict(camera_page: StudioPage, tmp_path: Path) -> None:
    camera_page.wait("document.querySelectorAll('.track-row .layer').length >= 8")
    camera_page.run("await new Promise((resolve) => setTimeout(resolve, 1500));")
    camera_page.page.click("#camera")
    path = save(camera_page, "#save-timeline", tmp_path)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    labels = Recognizer().labels
    assert tuple(rows[0]) == column_names(labels)
    assert path.name == "camera.csv"
    times = [float(row["time_s"]) for row in rows]
    assert len(set(times)) >= 2
    assert times == sorted(times)
    assert {row["source"] for row in rows} == {"camera:0"}
    assert any(row["track"] for row in rows)
    for row in rows:
        shares = [float(row[f"p_{label}"]) for label in labels]
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert float(row["confidence"]) == pytest.approx(max(shares), abs=1e-6)


def test_last_frame_becomes_a_picture(camera_page: StudioPage) -> None:
    camera_page.page.click("#camera")
    camera_page.settle()
    camera_page.wait("!document.querySelector('#save-picture').disabled")
    camera_page.page.locator("#size").focus()
    camera_page.page.keyboard.press("End")
    assert camera_page.page.evaluate("document.querySelector('#lens-face').width") == 8


@pytest.mark.parametrize(
    ("name", "fix"),
    [("NotAllowedError", "Allow it"), ("NotFoundError", "Connect one"), ("NotReadableError", "Close it")],
)
def test_camera_that_fails_names_a_fix(studio_page: StudioPage, name: str, fix: str) -> None:
    refuse(name)(studio_page)
    studio_page.page.click("#camera")
    studio_page.wait("document.querySelector('.notice')")
    allow(studio_page)
    assert fix in studio_page.text("#notices")
    assert studio_page.text("#camera-text") == "Use the camera"
    assert studio_page.page.locator(".face").count() == 9, "the picture before stays"
    studio_page.page.click(".notice button")


def test_camera_stopped_before_a_frame_keeps_the_picture(studio_page: StudioPage) -> None:
    page = studio_page.page
    page.evaluate("""() => {
      const button = document.querySelector("#camera");
      button.click();
      button.click();
    }""")
    studio_page.run("await new Promise((resolve) => setTimeout(resolve, 600));")
    studio_page.settle()
    assert page.locator(".face").count() == 9
    assert studio_page.text("#camera-text") == "Use the camera"


def test_opening_a_picture_ends_the_camera(camera_page: StudioPage) -> None:
    camera_page.open("astronaut.jpg")
    assert camera_page.page.is_hidden("#rate")
    assert camera_page.page.locator(".face").count() == 1
