"""What the page takes from the package, and the list of files of its service worker."""

import base64
import hashlib
import json

from ekspresi.expressions import INDONESIAN
from ekspresi.studio.definitions import PLACEHOLDER, SERVICE_WORKER, list_offline_files, make_definitions
from ekspresi.studio.site import SITE
from ekspresi.tables.schema import COLUMNS
from ekspresi.visualization.palette import COLORS


def read_definitions() -> dict[str, object]:
    lines = [line.removeprefix("export const ").removesuffix(";") for line in make_definitions().decode().splitlines()]
    return {name: json.loads(value) for name, equals, value in (line.partition(" = ") for line in lines) if equals}


def test_make_definitions_gives_the_values_of_the_package() -> None:
    values = read_definitions()
    assert (values["COLORS"], values["INDONESIAN"], values["COLUMNS"]) == (COLORS, INDONESIAN, list(COLUMNS))
    assert values["UNSURE"] == "unsure"


def test_list_offline_files_has_all_files_but_itself() -> None:
    files = SITE.files()
    worker = files[SERVICE_WORKER].read()
    assert PLACEHOLDER not in worker
    (line,) = [line for line in worker.decode().splitlines() if line.startswith("const FILES = ")]
    listed = json.loads(line.removeprefix("const FILES = ").removesuffix(";"))
    kept = {address[1:] for address in files if not address.endswith(".txt")} - {"", SERVICE_WORKER[1:]}
    assert listed.keys() == kept
    digest = base64.b64encode(hashlib.sha256(files["/js/page/main.js"].read()).digest()).decode()
    assert listed["js/page/main.js"] == f"sha256-{digest}"


def test_list_offline_files_changes_with_any_file() -> None:
    source = b"const FILES = " + PLACEHOLDER + b";"
    before = list_offline_files({"/a.js": b"1", "/b.js": b"2"}, source)
    assert before != list_offline_files({"/a.js": b"1", "/b.js": b"3"}, source)
