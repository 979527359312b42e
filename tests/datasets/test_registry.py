import importlib
import inspect
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ekspresi.datasets import readers, registry
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.readers.ckplus48 import read_ckplus48
from ekspresi.datasets.registry import family, find_info, read, reader_names
from ekspresi.errors import DatasetError
from ekspresi.expressions import EXPRESSIONS
from tests.support.fake_faces import save, texture, write_ckplus48

NEW_READER = '''
"""Read a reader that a user wrote."""
from pathlib import Path
from ekspresi.datasets.class_folders import read_hard_labelled
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.reader_options import WHOLE_NUMBER


def read_dropped(path: Path, first: int = 9) -> FaceDataset:
    files = [(file.stem[0] == "h" and "happiness" or "anger", file) for file in sorted(path.glob("*.png"))]
    return read_hard_labelled("dropped", path, ("anger", "happiness"), files[:first])


INFO = DatasetInfo(
    name="dropped", title="Dropped", read=read_dropped, labels=("anger", "happiness"), faces="3", split="none",
    subjects="unknown", license="mine", source="me", citation="none", family="mine", options={"first": WHOLE_NUMBER},
)
'''


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """Function that adds a file to the readers, in a folder of its own."""
    folder = tmp_path / "readers"
    folder.mkdir()
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(folder)])

    def write(name, source):
        (folder / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, f"{readers.__name__}.{name}", raising=False)
        monkeypatch.delattr(readers, name, raising=False)

    return write


def test_reader_in_one_new_file_reads_and_is_listed(drop, tmp_path):
    drop("dropped", NEW_READER)
    for name in ("a1.png", "h1.png", "h2.png"):
        save(texture(0), tmp_path / "faces" / name)
    assert "dropped" in reader_names()
    assert find_info("dropped").title == "Dropped"
    assert family("dropped") == "mine"
    dataset = read(f"dropped:{tmp_path / 'faces'}")
    assert dataset.targets.tolist() == [0, 1, 1]
    assert len(read(f"dropped:{tmp_path / 'faces'}?first=2")) == 2
    with pytest.raises(DatasetError, match=r"'last=1'. Use first \(a whole number from 1\)"):
        read(f"dropped:{tmp_path / 'faces'}?last=1")


@pytest.mark.parametrize("source", ["", NEW_READER.replace('name="dropped"', 'name="other"')])
def test_reader_without_info_of_its_name_is_refused(drop, source):
    drop("dropped", source)
    with pytest.raises(ValueError, match=r"readers/dropped\.py: has no INFO of the name 'dropped'"):
        find_info("dropped")


def test_reader_names_imports_no_reader():
    code = "import sys; from ekspresi.datasets.registry import reader_names; print(reader_names(), *sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'ckplus48'" in found
    assert "ekspresi.datasets.readers.ckplus48" not in found


@pytest.mark.parametrize("name", reader_names())
def test_info_of_a_reader_is_whole(name):
    info = find_info(name)
    texts = {field.name: getattr(info, field.name) for field in fields(DatasetInfo) if field.name != "instead"}
    assert all(text.strip() == text and text for text in texts.values() if isinstance(text, str))
    assert info.read.__name__ == f"read_{name}"
    assert info.read.__module__ == f"ekspresi.datasets.readers.{name}"
    assert set(info.labels) <= set(EXPRESSIONS)
    assert len(set(info.labels)) == len(info.labels)
    arguments = inspect.signature(info.read).parameters
    assert list(arguments) == ["path", *info.options]


def test_read_names_the_data_set_after_its_spec(tmp_path, monkeypatch):
    folder = write_ckplus48(tmp_path / "CK+48")
    assert read(f"ckplus48:{folder}").spec == f"ckplus48:{folder}"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("ckplus48:~/CK+48").path == str(folder)


def test_family_of_the_readers_of_the_same_pictures_is_one():
    assert {family(name) for name in ("ckplus", "ckplus48", "ckextended")} == {"ckplus48"}
    assert family("ferplus") == family("fer2013") == "fer2013"
    assert family("folder") == "folder"


@pytest.mark.parametrize("spec", ["nosuch:x", "folder", "folder:", ":x", ""])
def test_read_wrong_spec_lists_the_readers(spec):
    with pytest.raises(DatasetError) as error:
        read(spec)
    assert all(name in str(error.value) for name in reader_names())


def test_read_path_that_cannot_exist_is_named():
    for path in ("x" * 300, "~nobody-of-this-name/faces"):
        with pytest.raises(DatasetError) as error:
            read(f"folder:{path}")
        assert path in str(error.value)
        assert "\n" not in str(error.value)


def test_read_path_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such file or folder"):
        read(f"folder:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("method", ["iterdir", "exists", "is_file"])
def test_read_without_permission_names_the_reason(tmp_path, monkeypatch, method):
    for label in ("anger", "fear"):
        save(texture(0), tmp_path / label / "a.png")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(DatasetError, match=r"cannot be read \(Permission denied\)\. Check"):
        read(f"folder:{tmp_path}")


def test_read_reader_without_options_refuses_them(tmp_path):
    folder = write_ckplus48(tmp_path / "CK+48")
    for query in ("frames=3", ""):
        with pytest.raises(DatasetError, match=rf"^ckplus48: this reader takes no options\. Remove '[?]{query}'\.$"):
            read(f"ckplus48:{folder}?{query}")


def test_read_question_mark_may_be_part_of_a_path(tmp_path, monkeypatch):
    asked = []

    def reader(path, **arguments):
        asked.append((path, arguments))
        return read_ckplus48(folder)

    monkeypatch.setattr(registry, "find_info", lambda name: replace(find_info(name), read=reader))
    folder = write_ckplus48(tmp_path / "CK+48")
    odd = tmp_path / "what?frames=2"
    odd.mkdir()
    read(f"ckplus:{odd}")
    read(f"ckplus:{odd}?neutral=yes")
    assert asked == [(odd, {}), (odd, {"neutral": True})]
    # The plain folder beside it does not win over what is there by its whole name.
    (tmp_path / "what").mkdir()
    read(f"ckplus:{odd}")
    assert asked[-1] == (odd, {})
    read(f"ckplus:{tmp_path / 'what'}?frames=4")
    assert asked[-1] == (tmp_path / "what", {"frames": 4})


@pytest.mark.parametrize("path", ["nowhere?frames=3", "nowhere?", "?frames=3", "no?where?neutral=yes"])
def test_read_missing_path_with_options_is_named_first(path):
    with pytest.raises(DatasetError, match=r"no such file or folder\. Check the path in 'ckplus:") as error:
        read(f"ckplus:{path}")
    assert path in str(error.value)


def test_read_unknown_home_with_options_is_refused():
    with pytest.raises(DatasetError, match="no such home folder"):
        read("ckplus:~nobody-of-this-name/CK+?frames=3")
