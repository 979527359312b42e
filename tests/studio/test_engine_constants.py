"""The engine's constants are those of the Python modules, and the engine's modules stay short and plain."""

import json
import re
from pathlib import Path

import pytest

from ekspresi.detection import mtcnn
from ekspresi.studio.engine_constants import ENGINE_CONSTANTS, write_engine_constants
from ekspresi.studio.site import SITE
from ekspresi.tracking import kalman

ENGINE = SITE.folder / "js" / "engine"
SCRIPTS = sorted(ENGINE.glob("*.js"))


def read_constants() -> dict[str, dict[str, object]]:
    lines = re.findall(r"^export const (\w+) = (.*);$", write_engine_constants(), re.MULTILINE)
    return {name: json.loads(values) for name, values in lines}


def test_constants_are_those_of_python() -> None:
    found = read_constants()
    assert found.keys() == ENGINE_CONSTANTS.keys()
    assert found["MTCNN"]["THRESHOLDS"] == list(mtcnn.THRESHOLDS)
    assert found["KALMAN"]["MEASUREMENT_STD"] == kalman.MEASUREMENT_STD.tolist()


def test_constants_all_are_used_by_the_engine() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    unused = [key for values in read_constants().values() for key in values if not re.search(rf"\b{key}\b", text)]
    assert unused == []


def test_site_serves_the_constants() -> None:
    file = SITE.files()["/js/engine/constants.js"]
    assert file.read().decode() == write_engine_constants()
    assert file.content_type.startswith("text/javascript")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_short_and_load_only_this_site(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    assert text.startswith("/**\n * ")
    assert not re.search(r"https?://|\beval\(|new Function\(", text)
    files = SITE.files()
    for address in re.findall(r'^(?:import|export) .*from "(.*)";$', text, re.MULTILINE):
        parts = (path.parent / address).resolve().relative_to(SITE.folder.resolve()).as_posix()
        assert f"/{parts}" in files, address
