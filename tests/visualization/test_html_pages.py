"""Check what page templates share: the style sheet, the filters, and strictness."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import UndefinedError

from ekspresi.visualization.html_pages import format_interval, format_share, load_page_template


def render(tmp_path: Path, text: str, **values: object) -> str:
    path = tmp_path / "page.html.j2"
    path.write_text(text, encoding="utf-8")
    return load_page_template(path).render(**values)


def test_load_page_template_knows_style_and_filters(tmp_path: Path) -> None:
    assert "--ink" in render(tmp_path, "{{ style }}")
    text = "{{ part | percent }} {{ estimate | interval }} {{ count | thousands }}"
    page = render(tmp_path, text, part=0.5, estimate=SimpleNamespace(low=0.4, high=0.6), count=12345)
    assert page == "50.0 40.0–60.0 12\u202f345"


def test_load_page_template_escapes_values(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ name }}", name="<b>") == "&lt;b&gt;"


def test_load_page_template_missing_value_raises(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        render(tmp_path, "{{ name }}")


@pytest.mark.parametrize(("low", "high"), [(None, 0.5), (0.5, None), (None, None)])
def test_format_interval_without_ends_says_so(low: float | None, high: float | None) -> None:
    assert format_interval(SimpleNamespace(low=low, high=high)) == "no interval"


@pytest.mark.parametrize(("share", "text"), [(0.0, "0.0"), (0.99951, "100.0"), (0.1234, "12.3")])
def test_format_share_has_one_decimal(share: float, text: str) -> None:
    assert format_share(share) == text


def test_load_page_template_renders_any_file_name(tmp_path: Path) -> None:
    text = "{{ name }}|{{ same }}|{{ share | percent }}"
    page = render(tmp_path, text, name="caf\udce9 <b>", same="<e9>", share=0.5)
    assert page == "caf&lt;e9&gt; &lt;b&gt;|&lt;e9&gt;|50.0"
