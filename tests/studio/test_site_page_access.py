"""Use the page by keyboard, by screen reader, on a phone, in both languages and in both schemes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ekspresi.expressions import INDONESIAN
from tests.support.studio_pages import StudioPage

AUDIT = Path(__file__).with_name("page_audit.js").read_text(encoding="utf-8")
LOOKS = """() => {
  const styles = ["body", "#answer", ".card", "#theme"].map((one) => getComputedStyle(document.querySelector(one)));
  const { stroke } = getComputedStyle(document.querySelector("#curve .threshold"));
  return [...styles.map(({ color, backgroundColor }) => color + backgroundColor), stroke];
}"""
MOVING = """() => [...document.querySelectorAll("*")].map((one) => getComputedStyle(one))
  .filter((style) => style.animationName !== "none" || parseFloat(style.transitionDuration) > 0).length"""
FOCUSED = """() => {
  const one = document.activeElement;
  return one.id || one.dataset.example || one.parentElement.id;
}"""
INSECURE = """
Object.defineProperty(globalThis, "isSecureContext", { value: false });
delete Navigator.prototype.mediaDevices;
"""
ORDER = (
    *("privacy-button", "language", "theme", "open", "camera", "corridor.jpg", "astronaut.jpg", "stage"),
    *("save-picture", "save-table", "strip", "evidence", "size", "smallest", "prior"),
)


@pytest.fixture
def audited_page(studio_page: StudioPage) -> StudioPage:
    studio_page.page.evaluate(AUDIT)
    return studio_page


def test_everything_to_use_has_a_name(audited_page: StudioPage) -> None:
    audited_page.page.locator(".face").first.click()
    audited_page.settle()
    assert audited_page.page.evaluate("findUnnamed()") == []
    for role, name in (
        ("button", "Open a picture"),
        ("slider", "Face size"),
        ("radiogroup", "Faces in the picture"),
        ("meter", "happiness"),
        ("radio", "Bahasa Indonesia"),
        ("img", "Face 1 at 114 pixels"),
    ):
        assert audited_page.page.get_by_role(role, name=name, exact=True).count() == 1, (role, name)
    assert audited_page.page.locator("h1").count() == 1
    assert audited_page.page.locator("#status[role=status], #announcer[role=status], #notices[role=alert]").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_readable_in_both_schemes(audited_page: StudioPage, scheme: str) -> None:
    audited_page.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no transition between the colors
    count, poor = audited_page.page.evaluate("findPale()")
    audited_page.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    assert poor == []
    assert count > 50


def test_theme_button_changes_everything_and_is_kept(studio_page: StudioPage) -> None:
    page = studio_page.page
    light = page.evaluate(LOOKS)
    page.click("#theme")
    dark = page.evaluate(LOOKS)
    kept = page.evaluate("localStorage.getItem('ekspresi-theme')")
    label = page.get_attribute("#theme", "aria-label")
    page.click("#theme")
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert (kept, label) == ("dark", "Use light colors")
    assert page.evaluate(LOOKS) == light


def test_language_switch_changes_all_texts(studio_page: StudioPage) -> None:
    page = studio_page.page
    before = page.evaluate("document.body.innerText")
    page.click("#language button >> nth=1")
    studio_page.wait("document.documentElement.lang === 'id'")
    after = page.evaluate("document.body.innerText")
    kept = page.evaluate("localStorage.getItem('ekspresi-language')")
    bars = page.locator(".bar .name").all_inner_texts()
    page.locator("#language button[aria-checked=true]").press("ArrowLeft")
    studio_page.wait("document.documentElement.lang === 'en'")
    assert set(bars) == set(INDONESIAN.values())
    assert kept == "id"
    assert "Tidak ada yang keluar dari perangkat ini" in after
    lines = [{line.strip() for line in text.splitlines() if len(line) > 25} for text in (before, after)]
    assert lines[0] & lines[1] == set()
    assert page.evaluate("document.body.innerText") == before


def test_page_fits_a_phone(audited_page: StudioPage) -> None:
    page = audited_page.page
    for width in (360, 768, 1024, 2000):
        page.set_viewport_size({"width": width, "height": 760})
        audited_page.wait(f"document.documentElement.scrollWidth <= {width}", limit_s=5)
        wide, beyond = page.evaluate("[document.documentElement.scrollWidth, findBeyond()]")
        assert (wide, beyond) == (width, [])
        assert page.evaluate("findSmall()") == [], width


def test_keyboard_alone_reaches_and_uses_all(studio_page: StudioPage) -> None:
    page = studio_page.page
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    page.locator(".skip").focus()
    reached = []
    for _ in range(40):
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
        if reached[-1] == "prior":
            break
    assert tuple(one for one in reached if one in ORDER) == ORDER
    page.locator("#privacy-button").focus()
    page.keyboard.press("Enter")
    assert page.is_visible("#privacy")
    assert "talk to any address but its own" in studio_page.text("#privacy")
    page.keyboard.press("Escape")
    assert page.is_hidden("#privacy")
    assert page.evaluate("document.activeElement.id") == "privacy-button"


def test_reduced_motion_stops_all_animation(studio_page: StudioPage) -> None:
    page = studio_page.page
    page.emulate_media(reduced_motion="reduce")
    moving = page.evaluate(MOVING)
    page.emulate_media(reduced_motion="no-preference")
    assert moving == 0


def test_browser_in_indonesian_gets_indonesian(open_page: Callable[..., StudioPage]) -> None:
    def without_model(page: Any) -> None:
        page.route("**/models/*", lambda route: route.abort())

    studio = open_page(without_model, locale="id-ID", color_scheme="dark", viewport={"width": 360, "height": 760})
    studio.wait("document.querySelector('[data-notice=load]')")
    assert "Periksa jaringan" in studio.text("#notices")
    assert studio.text("#status") == "Model tidak dapat dijalankan."
    assert studio.page.evaluate("[document.documentElement.lang, localStorage.length]") == ["id", 0]
    studio.page.context.close()


def test_page_over_plain_http_says_what_it_lacks(open_page: Callable[..., StudioPage]) -> None:
    def insecure(page: Any) -> None:
        page.route("**/models/*", lambda route: route.abort())
        page.add_init_script(INSECURE)

    studio = open_page(insecure)
    studio.wait("document.querySelector('[data-notice=insecure]')")
    assert "one thread" in studio.text("#notices")
    studio.page.click("#camera")
    studio.wait("document.querySelector('[data-notice=insecure-camera]')")
    studio.page.context.close()
