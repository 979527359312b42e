"""Take pixels away from a face, and look where its evidence lies."""

import pytest

from ekspresi.recognition.recognizer import Recognizer
from tests.support.studio_pages import StudioPage

LENS = "document.querySelector('#lens-face').width"
AT = """() => ({
  px: Number(document.querySelector("#size-now").textContent),
  lens: document.querySelector("#lens-face").width,
  said: document.querySelector("#size").getAttribute("aria-valuetext"),
  bars: [...document.querySelectorAll(".bar")].map((bar) => Number(bar.getAttribute("aria-valuenow"))),
})"""


@pytest.fixture
def neutral_face(studio_page: StudioPage) -> StudioPage:
    """The corridor's fourth face, 38 px, whose answer does not hold at all sizes."""
    studio_page.page.locator(".face").nth(3).click()
    studio_page.settle()
    studio_page.page.locator("#size").press("Home")
    return studio_page


def test_slider_keys_take_pixels_away(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    before = page.evaluate(AT)
    assert before["px"] == before["lens"] == 38
    page.locator("#size").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(AT)["px"] == 37
    page.keyboard.press("End")
    after = page.evaluate(AT)
    assert (after["px"], after["lens"]) == (8, 8)
    assert after["said"].startswith("8 pixels: ")
    assert after["bars"] != before["bars"]
    assert sum(after["bars"]) == pytest.approx(100, abs=4)
    page.keyboard.press("Home")
    assert page.evaluate(AT) == before


def test_slider_is_dragged_from_end_to_end(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    place = page.locator("#size").bounding_box()
    middle = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + 15, middle)
    page.mouse.down()
    sizes = []
    for part in (0.25, 0.5, 0.75, 1.0):
        page.mouse.move(place["x"] + 15 + part * (place["width"] - 30), middle)
        sizes.append(page.evaluate(LENS))
    page.mouse.up()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 8


def test_curve_is_dragged_and_the_thumb_follows(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    place = page.locator("#curve").bounding_box()
    page.mouse.move(place["x"] + place["width"] * 0.3, place["y"] + 60)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + 60)
    page.mouse.up()
    assert 8 < page.evaluate(LENS) < 30
    marker, thumb = page.evaluate("""() => {
      const slider = document.querySelector("#size");
      const box = slider.getBoundingClientRect();
      const marker = document.querySelector(".marker").getBoundingClientRect();
      return [marker.x, box.x + 15 + (box.width - 30) * slider.valueAsNumber / 1000];
    }""")
    assert marker == pytest.approx(thumb, abs=2)


def test_small_pictures_below_the_slider_choose_sizes(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    names = page.locator(".film-size").all_inner_texts()
    assert names == ["38", "24", "16", "12", "8"]
    page.locator(".film").nth(3).click()
    assert page.evaluate(LENS) == 12
    assert page.locator(".film.here").count() == 1


def test_curve_has_words_for_who_cannot_see_it(neutral_face: StudioPage) -> None:
    summary, text = neutral_face.text("#sizes-summary"), neutral_face.text("#curve-text")
    assert summary.startswith("Still neutral at ")
    assert text.startswith("From 38 to ")
    assert "unsure" in text
    assert text.rstrip().endswith("%.")


def test_unsure_sizes_are_shaded(neutral_face: StudioPage) -> None:
    """The shade covers exactly the sizes at which the face is unsure."""
    page = neutral_face.page
    page.locator("#size").focus()
    page.keyboard.press("Home")
    for _ in range(31):
        unsure = neutral_face.text("#answer") == "Unsure"
        shaded = page.evaluate("""() => {
          const x = document.querySelector(".marker").getBoundingClientRect().x;
          return [...document.querySelectorAll(".unsure")].some((one) => {
            const { left, right } = one.getBoundingClientRect();
            return left - 1 <= x && x <= right + 1;
          });
        }""")
        assert shaded >= unsure
        page.keyboard.press("ArrowRight")
    assert page.locator("#curve rect.unsure").count() > 0


def test_evidence_grows_and_can_be_stopped(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    page.click("#evidence")
    neutral_face.wait("document.querySelector('#evidence-text').textContent.includes('% done')")
    assert neutral_face.text("#evidence") == "Stop measuring"
    page.click("#evidence")
    assert page.locator("#evidence").get_attribute("aria-pressed") == "false"
    assert page.is_hidden("#evidence-note")


def test_evidence_colors_the_face_and_says_how_much(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    page.click("#evidence")
    neutral_face.wait("document.querySelector('#evidence').textContent === 'Hide the evidence'")
    strongest = page.evaluate("""() => {
      const canvas = document.querySelector("#lens-heat");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Math.max(...data.filter((_, i) => i % 4 === 3));
    }""")
    said = neutral_face.text("#evidence-text")
    page.click("#evidence")
    assert strongest > 20
    assert said.startswith("Hiding the colored parts lowers neutral by up to ")


def test_prior_changes_the_answer_and_explains_itself(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    before = page.evaluate(AT)["bars"]
    hint = neutral_face.text("#prior-hint")
    page.click("#prior button >> nth=1")
    neutral_face.wait(f"document.querySelector('#prior-hint').textContent !== {hint!r}")
    neutral_face.settle()
    after = page.evaluate(AT)["bars"]
    page.click("#prior button >> nth=0")
    neutral_face.settle()
    rare = [i for i, label in enumerate(Recognizer().labels) if label in ("disgust", "fear", "contempt")]
    assert sum(after[i] for i in rare) > sum(before[i] for i in rare)
    assert page.evaluate(AT)["bars"] == before


def test_smallest_face_changes_what_is_found(neutral_face: StudioPage) -> None:
    page = neutral_face.page
    page.click("#smallest button >> nth=2")
    neutral_face.wait("document.querySelectorAll('.face').length < 9")
    few = page.locator(".face").count()
    page.click("#smallest button >> nth=1")
    neutral_face.wait("document.querySelectorAll('.face').length === 9")
    assert 3 <= few < 9
