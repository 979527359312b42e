"""Install and run ekspresi in fresh environments, at both ends of its version ranges.

In: pyproject.toml. Out: a table with a row for each Python and resolution; the exit code is 1 where a row failed.

    pip install '.[dev]'                      # brings uv, which resolves and installs
    python tools/check_versions.py            # every Python of the classifiers that is found, both resolutions
    python tools/check_versions.py --ends     # lowest-direct on the oldest of them, highest on the newest: two rows
    python tools/check_versions.py --python 3.12 --resolution lowest-direct

``highest`` installs what a user gets today. ``lowest-direct`` installs each floor of pyproject.toml itself, with the
newest of their own requirements. The row fails if a floor cannot be installed. Only wheels are used. It installs all
extras but those for training and development, so a new one is checked too. ``run_versions.py`` holds the checks.

It finds Pythons through pyenv and on the PATH. A missing one gets a row that says so; it is an error only if
``--python`` names it. The detector 'yunet' runs a fake network; ``--yunet FILE`` runs the real one.
"""

import argparse
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
RESOLUTIONS = ("highest", "lowest-direct")
NOT_CHECKED = frozenset({"train", "test", "dev"})
"""Extras that users of a trained model do not need; torch alone is several GB."""
LAST_LINES = 12
"""Number of lines that are shown of a failed command."""


class CheckError(Exception):
    """End a row with one line, or with the last lines of a command."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Hold the ranges that pyproject.toml declares for users of ekspresi.

    Attributes:
        pythons: the versions that its classifiers name, oldest first, as '3.11'.
        extras: names of the extras that are checked.
        requirements: those of the base and of these extras, each once.
    """

    pythons: tuple[str, ...]
    extras: tuple[str, ...]
    requirements: tuple[Requirement, ...]

    def floors(self) -> dict[str, Version]:
        """Map each required package to its lowest declared version.

        Raises:
            CheckError: a requirement declares no lowest version.
        """
        found: dict[str, Version] = {}
        for requirement in self.requirements:
            lowest = [Version(one.version) for one in requirement.specifier if one.operator in (">=", "==", "~=")]
            if not lowest:
                raise CheckError(f"{requirement}: declares no lowest version. Write one that works.")
            name = canonicalize_name(requirement.name)
            found[name] = max(*lowest, found.get(name, lowest[0]))
        return found


def declared(pyproject: Path) -> Ranges:
    """Read what a pyproject.toml declares."""
    project: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    named = (line.removeprefix(prefix) for line in project["classifiers"] if line.startswith(prefix + "3."))
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name not in NOT_CHECKED}
    lines = dict.fromkeys(line for some in (project["dependencies"], *extras.values()) for line in some)
    return Ranges(tuple(sorted(named, key=Version)), tuple(extras), tuple(map(Requirement, lines)))


def off_floor(installed: dict[str, Version], floors: dict[str, Version]) -> list[str]:
    """Compare installed versions with the floors; return one line per package off its floor."""
    return [
        f"{name}: its floor is {floor}, but {installed.get(name, 'nothing')} was installed. Declare one that installs."
        for name, floor in floors.items()
        if installed.get(name) != floor
    ]


def find_python(version: str) -> Path | None:
    """Find an interpreter of a version such as '3.12': pyenv's newest, on the PATH, or this one."""
    return next((path for path in _pythons(version) if _version_of(path) == version), None)


def _pythons(version: str) -> Iterator[Path]:
    pyenv = shutil.which("pyenv")
    if pyenv is not None:
        names = subprocess.run([pyenv, "versions", "--bare"], capture_output=True, text=True).stdout.split()
        fitting = [name for name in names if name.startswith(version + ".") and name[len(version) + 1 :].isdigit()]
        for name in sorted(fitting, key=Version, reverse=True):
            prefix = subprocess.run([pyenv, "prefix", name], capture_output=True, text=True).stdout.strip()
            yield Path(prefix) / "bin" / "python"
    for name in (f"python{version}", "python3", "python"):
        if found := shutil.which(name):
            yield Path(found)
    yield Path(sys.executable)


def _version_of(python: Path) -> str | None:
    """Ask an interpreter for its version, as '3.12'; None if it does not run, as an empty shim."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


class Checker:
    """Build the wheel once, then check rows one after another."""

    def __init__(self, ranges: Ranges, folder: Path, yunet: Path | None) -> None:
        """Build the wheel and the picture that all rows use.

        Args:
            ranges: what is declared.
            folder: an empty folder, for environments and outputs.
            yunet: the network of the detector 'yunet'; None for the fake one of the tests.

        Raises:
            CheckError: the wheel cannot be built.
        """
        self._ranges = ranges
        self._folder = folder
        _uv("build", "--wheel", "--out-dir", folder / "wheel", ROOT)
        (self._wheel,) = (folder / "wheel").glob("*.whl")
        self._yunet, self._faces = yunet, ROOT / "examples" / "astronaut.jpg"
        if yunet is None:
            write = runpy.run_path(str(ROOT / "tests" / "support" / "fake_yunet.py"))["write_fake_yunet"]
            self._yunet, self._faces = write(folder / "fake-yunet.onnx"), _squares(folder / "squares.png")

    def check(self, python: Path, resolution: str) -> None:
        """Check one row.

        Raises:
            CheckError: something cannot be installed, or does not run.
        """
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            where = Path(name)
            home = where / "environment"
            _uv("venv", "--python", python, home)
            inside = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            wheel = f"ekspresi[{','.join(self._ranges.extras)}] @ {self._wheel.as_uri()}"
            # The requirements once more, by themselves: those of a wheel are not direct ones to uv.
            direct = map(str, self._ranges.requirements)
            _uv("pip", "install", "--python", inside, "--resolution", resolution, "--no-build", wheel, *direct)
            _uv("pip", "check", "--python", inside)
            if resolution == "lowest-direct":
                listed = json.loads(_uv("pip", "list", "--python", inside, "--format", "json"))
                installed: dict[str, Version] = {
                    canonicalize_name(one["name"]): Version(one["version"]) for one in listed
                }
                if wrong := off_floor(installed, self._ranges.floors()):
                    raise CheckError("\n".join(wrong))
            assert self._yunet is not None
            words: list[str | Path] = [
                inside,
                "-I",
                Path(__file__).with_name("run_versions.py"),
                where,
                ROOT / "examples",
            ]
            _run([*words, self._yunet.resolve(), self._faces], where)


def _squares(path: Path) -> Path:
    """Draw squares that the fake YuNet finds, in its size."""
    picture = Image.new("RGB", (160, 160))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((32, 40, 55, 63), fill="white")
    draw.rectangle((96, 96, 119, 119), fill="white")
    picture.save(path)
    return path


def _uv(*words: str | Path) -> str:
    """Run uv; return its output."""
    return _run([sys.executable, "-m", "uv", words[0], "--quiet", *words[1:]])


def _run(words: Iterable[str | Path], folder: Path | None = None) -> str:
    """Run a command without the environment's variables of Python and uv; return its output.

    Raises:
        CheckError: it failed; its last lines.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:]
        shown = " ".join(Path(word).name if isinstance(word, Path) else word for word in words)
        raise CheckError("\n".join([f"{shown}: exit code {done.returncode}", *lines]))
    return done.stdout


def rows(pythons: list[str], resolutions: list[str], *, ends: bool) -> list[tuple[str, str]]:
    """Choose the rows: all pairs, or with ``ends`` oldest Python, lowest and newest, highest."""
    if ends:
        return [(pythons[0], "lowest-direct"), (pythons[-1], "highest")]
    return [(python, resolution) for python in pythons for resolution in resolutions]


def main() -> None:
    """Check every row and print the table; exit with 1 if a row failed, with 2 if none started."""
    text = (__doc__ or "").splitlines()
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=text[0], epilog="\n".join(text[2:]), formatter_class=shape)
    parser.add_argument("--python", action="append", metavar="X.Y", help="a Python; may be repeated")
    parser.add_argument("--resolution", action="append", choices=RESOLUTIONS, help="may be repeated; both by default")
    parser.add_argument("--ends", action="store_true", help="two rows: lowest of the oldest, highest of the newest")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="YuNet's own network, instead of the fake one")
    arguments = parser.parse_args()
    if find_spec("uv") is None:
        parser.error("uv: is not installed. Run pip install '.[dev]'.")
    ranges = declared(ROOT / "pyproject.toml")
    found = {version: find_python(version) for version in arguments.python or ranges.pythons}
    missing = [version for version, path in found.items() if path is None]
    present = sorted({version: path for version, path in found.items() if path is not None}.items(), key=_by_version)
    if not present or (missing and arguments.python):
        parser.error(f"Python {', '.join(missing)}: was not found. Install it, or name others with --python.")
    for version in missing:
        print(f"{version:8}{'':16}{'':>8}  not found", flush=True)
    where = dict(present)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="check-versions-") as folder:
        try:
            checker = Checker(ranges, Path(folder), arguments.yunet)
        except CheckError as error:
            sys.exit(str(error))
        print(f"{'python':8}{'resolution':16}{'seconds':>8}  result", flush=True)
        for version, resolution in rows(list(where), arguments.resolution or list(RESOLUTIONS), ends=arguments.ends):
            began, result = time.monotonic(), "ok"
            try:
                checker.check(where[version], resolution)
            except CheckError as error:
                result, failed = str(error).replace("\n", "\n    "), failed + 1
            print(f"{version:8}{resolution:16}{time.monotonic() - began:8.0f}  {result}", flush=True)
    sys.exit(1 if failed else 0)


def _by_version(pair: tuple[str, Path]) -> Version:
    return Version(pair[0])


if __name__ == "__main__":
    main()
