"""The texts, files and rules of the page that need no browser to check."""

import json
import re
from pathlib import Path

import pytest

from ekspresi.studio.site import HEADERS, SITE

STATIC = SITE.folder
EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted((STATIC / "js" / "page").glob("*.js"))
TEXTS = {name: json.loads((STATIC / "locales" / f"{name}.json").read_text(encoding="utf-8")) for name in ("en", "id")}
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in [STATIC / "index.html", *SCRIPTS])


def places(text: str | dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text if isinstance(text, str) else " ".join(text.values())))


def test_locales_have_the_same_texts_and_places() -> None:
    assert list(TEXTS["en"]) == list(TEXTS["id"])
    assert {key for key, text in TEXTS["en"].items() if places(text) != places(TEXTS["id"][key])} == set()
    same = {key for key, text in TEXTS["en"].items() if text == TEXTS["id"][key]}
    assert same == {"px"}


def test_locales_have_each_text_that_the_page_asks_for() -> None:
    asked = set(re.findall(r"""\bt\(\s*"([\w.-]+)"|data-t(?:-label)?="([\w.-]+)\"""", SOURCES))
    keys = {one or other for one, other in asked}
    assert len(keys) > 40
    assert keys - TEXTS["en"].keys() == set()


def test_locales_have_no_text_that_nobody_asks_for() -> None:
    """A key is in the sources as a whole, or begins with a part that the sources complete."""
    starts = tuple(start for start in re.findall(r"t\(`([\w.-]+)\$\{", SOURCES))
    assert starts
    unused = [key for key in TEXTS["en"] if f'"{key}"' not in SOURCES and not key.startswith(starts)]
    assert unused == []


def test_notices_have_a_problem_and_a_fix_each() -> None:
    named = set(re.findall(r"""showNotice\("([\w-]+)\"""", SOURCES))
    named |= {
        "denied",
        "camera-busy",
        "no-camera",
        "insecure-camera",
        "nobody",
        "nobody.small",
        "memory",
        "wasm",
        "load",
        "unknown",
    }
    for texts in TEXTS.values():
        assert {name for name in named if not {f"notice.{name}", f"notice.{name}.fix"} <= texts.keys()} == set()


def test_index_repeats_the_policy_of_the_headers() -> None:
    """A static host may send no headers; then the page itself sets all but the rule on framing."""
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', (STATIC / "index.html").read_text())
    assert policy + "; frame-ancestors 'none'" == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["astronaut.jpg", "corridor.jpg"])
def test_examples_are_those_of_the_package(name: str) -> None:
    assert (STATIC / "examples" / name).read_bytes() == (EXAMPLES / name).read_bytes()


def test_page_has_no_inline_script_or_style() -> None:
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", (STATIC / "index.html").read_text()) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", SOURCES) == []
    assert re.findall(r"""["'(](?:https?:)?//[\w.]""", SOURCES.replace("http://www.w3.org/2000/svg", "")) == []


@pytest.mark.parametrize("kind", ["js/page/*.js", "css/*.css", "*.js", "index.html"])
def test_page_files_are_at_most_300_lines(kind: str) -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in STATIC.glob(kind)}
    assert lines
    assert {name: count for name, count in lines.items() if count > 300} == {}
