"""What ``tools/check_versions.py`` checks, and that it sees what is wrong."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from packaging.version import Version

import check_versions
from check_versions import CheckError, declared, find_python, off_floor, rows

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_every_floor_of_the_runtime_is_checked() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    runtime = [*project["dependencies"]]
    for extra in ("eval", "heif", "parquet", "portable", "serve", "video", "xlsx", "yunet"):
        runtime += project["optional-dependencies"][extra]
    assert {f"{name}>={floor}" for name, floor in declared(PYPROJECT).floors().items()} == set(runtime)


def test_every_extra_is_checked_or_left_out_by_name() -> None:
    extras = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(declared(PYPROJECT).extras) | check_versions.NOT_CHECKED == set(extras)


def test_the_pythons_are_those_of_the_classifiers() -> None:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    pythons = declared(PYPROJECT).pythons
    assert HERE in pythons
    assert project["requires-python"] == f">={pythons[0]}"


def write_pyproject(path: Path, *lines: str) -> Path:
    classifiers = '"Programming Language :: Python :: 3.13", "Programming Language :: Python :: 3.9"'
    path.write_text(
        f"[project]\nclassifiers = [{classifiers}]\ndependencies = [{lines[0]}]\n"
        f"[project.optional-dependencies]\nmore = [{lines[1]}]\ndev = ['ruff>=9']\n",
        encoding="utf-8",
    )
    return path


def test_floors_follow_the_file(tmp_path: Path) -> None:
    ranges = declared(write_pyproject(tmp_path / "a.toml", "'Some_Thing>=2.1,<4'", "'other>=1', 'some-thing>=3'"))
    assert ranges.pythons == ("3.9", "3.13")
    assert ranges.extras == ("more",)
    assert ranges.floors() == {"some-thing": Version("3"), "other": Version("1")}


def test_a_requirement_without_a_floor_is_refused(tmp_path: Path) -> None:
    ranges = declared(write_pyproject(tmp_path / "a.toml", "'a>=1'", "'b<2'"))
    with pytest.raises(CheckError, match="b<2: declares no lowest version"):
        ranges.floors()


def test_a_floor_that_was_not_installed_is_named() -> None:
    floors = {"a": Version("1.2"), "b": Version("1"), "c": Version("3")}
    found = off_floor({"a": Version("1.2.0"), "b": Version("1.0.1")}, floors)
    assert [line.split(". ")[0] for line in found] == [
        "b: its floor is 1, but 1.0.1 was installed",
        "c: its floor is 3, but nothing was installed",
    ]


def test_the_two_ends_and_all_pairs() -> None:
    pythons, both = ["3.11", "3.12", "3.13"], ["highest", "lowest-direct"]
    assert rows(pythons, both, ends=True) == [("3.11", "lowest-direct"), ("3.13", "highest")]
    assert len(set(rows(pythons, both, ends=False))) == 6


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="writes shell scripts")
def test_pythons_of_pyenv_and_of_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims, other = tmp_path / "shims", tmp_path / "other"
    script(shims / "pyenv", f'[ "$1" = versions ] && echo "3.9.2 3.9.10 3.9-dev" || echo "{tmp_path}/$2"')
    script(shims / "python3.8", "exit 127")  # a shim whose Python is not there
    script(tmp_path / "3.9.10" / "bin" / "python", "echo 3.9")
    script(tmp_path / "3.9.2" / "bin" / "python", "echo 3.9")
    script(other / "python3.8", "echo 3.8")
    script(other / "python3.7", "echo 3.7")
    monkeypatch.setenv("PATH", f"{shims}:{other}:/bin")
    assert find_python("3.9") == tmp_path / "3.9.10" / "bin" / "python"
    assert find_python("3.7") == other / "python3.7"
    assert find_python("3.8") is None
    monkeypatch.setenv("PATH", "")
    assert find_python(HERE) == Path(sys.executable)


def test_a_command_that_fails_is_shown_with_its_last_lines() -> None:
    code = "import sys; print(*range(99), sep='\\n'); sys.exit('no such thing')"
    with pytest.raises(CheckError) as caught:
        check_versions._run([sys.executable, "-c", code])
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("exit code 1") and lines[-1] == "no such thing"
    assert len(lines) == 1 + check_versions.LAST_LINES


def test_colors_that_are_read_wrong_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av", reason="extra [video]")
    import run_versions

    run_versions.check_colors(tmp_path)
    image = next(iter(run_versions.read_frames(tmp_path / "colors-8-limited.mkv"))).image
    assert np.abs(image[16, 16].astype(int) - run_versions.PATCHES[0]).max() <= 1  # swscale rounds once
    shifted = SimpleNamespace(image=np.where(image > 4, image - 4, image))
    monkeypatch.setattr(run_versions, "read_frames", lambda path: [shifted])
    with pytest.raises(run_versions.WrongError, match=r"the color \(200, 30, 30\) was read as \(19\d, 2\d, 2\d\)"):
        run_versions.check_colors(tmp_path)


def test_a_bug_in_a_command_is_seen(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="extra [video]")
    import run_versions

    with pytest.raises(run_versions.WrongError) as caught:
        run_versions.ekspresi("predict", tmp_path / "none.jpg")
    assert str(caught.value).startswith(f"ekspresi predict {tmp_path / 'none.jpg'}: exit code 2\n")


def test_the_help_names_what_is_needed() -> None:
    said = subprocess.run(
        [sys.executable, check_versions.__file__, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install '.[dev]'" in said and "--ends" in said
