import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.errors import ConfigError, OutputError
from ekspresi.outputs.journal import Entry, Journal, Place

SETTINGS: dict[str, Any] = {"detector": "mtcnn", "every": None, "sources": ("a",) * 100}
ENTRY = Entry(Place("a\udcff\n.mp4", 3, 17, False, 5), 1234, "00ff")


def journal(folder: Path, **changed: Any) -> Journal:
    return Journal(folder / "x.csv.journal", folder / "x.csv", SETTINGS | changed)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert journal(tmp_path).read() is None
    for entry in (Entry(None, 0, ""), ENTRY):
        journal(tmp_path).write(entry)
        assert journal(tmp_path).read() == entry
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv.journal"]
    journal(tmp_path).remove()
    assert journal(tmp_path).read() is None


def test_other_settings_are_named(tmp_path: Path) -> None:
    journal(tmp_path).write(ENTRY)
    with pytest.raises(ConfigError) as caught:
        journal(tmp_path, detector="yunet", every=0.2, sources=("b",) * 100, end=None).read()
    what = 'detector ("mtcnn", now "yunet"), every (null, now 0.2), sources, end (not given, now null)'
    assert str(caught.value) == (
        f"{tmp_path / 'x.csv'}: was begun with other settings: {what}; give the same, or begin anew without --resume"
    )


def test_ten_thousand_sources_do_not_make_it_large(tmp_path: Path) -> None:
    journal(tmp_path, sources=[f"/a/long/folder/{number}.jpg" for number in range(10_000)]).write(ENTRY)
    assert (tmp_path / "x.csv.journal").stat().st_size < 1000


def damaged(**changed: Any) -> bytes:
    place = {"source": "a", "number": 0, "frame": 0, "finished": False, "next_track": 1}
    whole = {"format": 1, "place": place, "bytes": 0, "digest": "", "settings": {}}
    return json.dumps(whole | changed).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"3",
        damaged()[:-9],
        damaged(place={}),
        damaged(place={"source": "a", "number": -1, "frame": 0, "finished": False}),
        damaged(place={"source": "a", "number": 0, "frame": True, "finished": False}),
        damaged(place={"source": 1, "number": 0, "frame": 0, "finished": False}),
        damaged(bytes=-1),
        damaged(bytes=0.5),
        damaged(digest=None),
        damaged(settings=[]),
        damaged(settings={"detector": 1}),
        damaged(format=None).replace(b'"format"', b'"formula"'),
    ],
)
def test_a_damaged_journal_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.csv\.journal: the journal is damaged; remove it and begin") as caught:
        journal(tmp_path).read()
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 300))
def test_no_bytes_in_it_make_a_traceback(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    folder = tmp_path_factory.mktemp("noise")
    journal(folder).write(ENTRY)
    path = folder / "x.csv.journal"
    content = path.read_bytes()
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    try:
        assert isinstance(journal(folder).read(), Entry)
    except ConfigError as error:
        assert "\n" not in str(error).replace(str(folder), "")


def test_another_version_is_told_from_a_damage(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_text(json.dumps({"format": 2}))
    with pytest.raises(ConfigError, match="another version of ekspresi wrote it"):
        journal(tmp_path).read()


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").mkdir()
    with pytest.raises(OutputError, match=r"x\.csv\.journal: "):
        journal(tmp_path).read()
