"""Settings of a made-up camera: values as TOML has them, and one sentence for each problem."""

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field

from ekspresi.errors import ConfigError
from ekspresi.system.settings import (
    Settings,
    format_range,
    format_toml,
    make_refusal,
    read_toml,
    validate_settings,
)


def check_odd(number: int) -> int:
    if number % 2:
        raise make_refusal("is odd. Give an even number.")
    return number


class Lens(Settings):
    name: str
    zoom: float = Field(default=1.0, gt=0, lt=10)


class Camera(Settings):
    special: ClassVar = {"host": "no host is given. Set host.", "mode": "is set by the camera itself. Remove it."}

    host: str = Field(min_length=1)
    fps: int = Field(default=24, ge=1, le=240)
    lines: Annotated[int, AfterValidator(check_odd)] = 48
    codec: Literal["raw", "jpeg"] = "raw"
    lenses: tuple[Lens, ...] = Field(default=(), strict=False)


def problems(values: dict[str, Any], where: str = "c.toml", flags: tuple[str, ...] = ()) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        validate_settings(Camera, values, where, dict.fromkeys(flags, "flags"))
    return tuple(caught.value.problems)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "c.toml: host: no host is given. Set host."),
        ({"host": ""}, 'c.toml: host = "": no host is given. Set host.'),
        ({"host": "a", "mode": 1}, "c.toml: mode = 1: is set by the camera itself. Remove it."),
        ({"host": "a", "fqs": 3}, "c.toml: fqs = 3: is an unknown key. Use fps, or remove it."),
        ({"host": "a", "x": 3}, "c.toml: x = 3: is an unknown key. Remove it, or use one of host, fps, lines, codec, "),
        ({"host": "a", "fps": 0}, "c.toml: fps = 0: is out of range. Choose a number in 1 .. 240."),
        ({"host": "a", "lines": 3}, "c.toml: lines = 3: is odd. Give an even number."),
        ({"host": "a", "codec": "gif"}, "c.toml: codec = \"gif\": is not a valid choice. Choose 'raw' or 'jpeg'."),
        (
            {"host": "a", "fps": datetime.date(2026, 1, 1)},
            'c.toml: fps = "2026-01-01": is a date or a time. Give a whole number.',
        ),
        (
            {"host": "a", "lenses": [{"name": "w", "zoom": 10.0}]},
            "[[lenses]] 'w': zoom = 10.0: is out of range.",
        ),
        ({"host": "a", "lenses": [{"zoom": 1.0}]}, "c.toml: [[lenses]] 1: name: is missing. Set it."),
        ({"host": "a", "lenses": [3]}, "c.toml: lenses[0] = 3: is a whole number. Give a table of keys."),
    ],
)
def test_validate_settings_writes_a_sentence_a_problem(values: dict[str, Any], problem: str) -> None:
    (line,) = problems(values)
    assert line.startswith(problem) or problem in line
    assert line.startswith("c.toml: ") and line.endswith(".")


def test_validate_settings_names_flags_as_the_source() -> None:
    assert problems({"host": "a", "fps": 0, "lines": 3}, flags=("fps",)) == (
        "flags: fps = 0: is out of range. Choose a number in 1 .. 240.",
        "c.toml: lines = 3: is odd. Give an even number.",
    )


def test_validate_settings_shortens_long_values() -> None:
    (line,) = problems({"host": "a", "codec": "x" * 500})
    assert "x" * 50 in line and "x" * 60 not in line and "...: is not a valid choice" in line


def test_settings_changed_are_checked_and_leave_the_original() -> None:
    camera = validate_settings(Camera, {"host": "a"}, "c.toml")
    assert camera.changed(fps=30).fps == 30 and camera.fps == 24
    with pytest.raises(ConfigError, match=r"^changed settings: fps = 241: is out of range"):
        camera.changed(fps=241)
    with pytest.raises(ValueError, match="frozen"):
        camera.fps = 3


def test_read_toml_of_a_bad_file_names_the_fix(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    with pytest.raises(ConfigError, match=r"the file does not exist\. Name a TOML file, for example b\.toml\."):
        read_toml(file, "b.toml")
    file.write_bytes(b'host = "\xe9"')
    with pytest.raises(ConfigError, match=r"c\.toml: is not TOML \(.*\)\. Correct the file\."):
        read_toml(file, "b.toml")
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        read_toml(tmp_path, "b.toml")


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)


@given(value=VALUES | st.lists(VALUES, max_size=4))
def test_format_toml_reads_back_alike(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("toml") / "c.toml"
    file.write_text(f"key = {format_toml(value)}\n", encoding="utf-8")
    again = read_toml(file, "b.toml")["key"]
    assert again == value and type(again) is type(value)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ([], ""),
        ([{"ge": 1, "le": 512}], "1 .. 512"),
        ([{"ge": 1}, {"le": 512}], "1 .. 512"),
        ([{"gt": 0}], "above 0"),
        ([{"ge": 1}], "of 1 or more"),
        ([{"gt": 0}, {"lt": 10}], "above 0 and below 10"),
        ([{"le": 5}, {"le": 9}], "of 5 or less"),
    ],
)
def test_format_range_describes_bounds(bounds: list[dict[str, float]], text: str) -> None:
    assert format_range([SimpleNamespace(**each) for each in bounds]) == text
