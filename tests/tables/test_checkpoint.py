import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.errors import ConfigError, OutputError
from ekspresi.tables.checkpoint import Checkpoint, CheckpointState, Position

SETTINGS: dict[str, Any] = {"detector": "mtcnn", "every": None}
SOURCES = ("a.png", "b.mp4", "c.mp4", "a\udcff\n.mp4", "e.mp4")
BEGUN = Position(SOURCES[3], 3, 17, False, 5)
UNREAD = (Position("a.png", 0, -1, False), Position("c.mp4", 2, 40, False, 7, 1.6))
ENTRY = CheckpointState(BEGUN, 1234, "00ff", 4, UNREAD)


def journal(folder: Path, sources: Sequence[str] = SOURCES, **changed: Any) -> Checkpoint:
    return Checkpoint(folder / "x.csv.journal", folder / "x.csv", sources, SETTINGS | changed)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert journal(tmp_path).read() is None
    for entry in (CheckpointState(), ENTRY, replace(ENTRY, complete=True)):
        journal(tmp_path).write(entry)
        assert journal(tmp_path).read() == entry
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv.journal"]


def test_what_is_left_is_the_rest_of_a_source_then_those_that_failed_then_those_that_no_run_came_to() -> None:
    last = Position("e.mp4", 4, -1, False)
    assert ENTRY.remaining(SOURCES) == [BEGUN, *UNREAD, last]
    assert replace(ENTRY, position=replace(BEGUN, finished=True)).remaining(SOURCES) == [*UNREAD, last]
    assert replace(ENTRY, complete=True).remaining(SOURCES) == [*UNREAD]
    assert CheckpointState().remaining(SOURCES) == [
        Position(source, number, -1, False) for number, source in enumerate(SOURCES)
    ]


def test_other_settings_are_named(tmp_path: Path) -> None:
    journal(tmp_path).write(ENTRY)
    with pytest.raises(ConfigError) as caught:
        journal(tmp_path, ("b",) * 100, detector="yunet", every=0.2, end=None).read()
    what = 'detector ("mtcnn", now "yunet"), every (null, now 0.2), end (not given, now null), sources'
    assert str(caught.value) == (
        f"{tmp_path / 'x.csv'}: was begun with other settings: {what}. "
        "Give the same, or use --overwrite instead of --resume."
    )


def test_ten_thousand_sources_do_not_make_it_large(tmp_path: Path) -> None:
    journal(tmp_path, [f"/a/long/folder/{number}.jpg" for number in range(10_000)]).write(replace(ENTRY, failed=()))
    assert (tmp_path / "x.csv.journal").stat().st_size < 1000


SAME = {"detector": '"mtcnn"', "every": "null", "sources": '["a"]'}


def test_a_journal_that_is_not_damaged_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_bytes(damaged())
    assert journal(tmp_path, ["a"]).read() == CheckpointState(Position("a", 0, 0, False), 0, "", 1)


def damaged(**changed: Any) -> bytes:
    place = {"source": "a", "number": 0, "frame": 0, "finished": False, "next_track": 1}
    whole = {"format": 2, "place": place, "bytes": 0, "digest": "", "reached": 1, "failed": [], "complete": False}
    whole["settings"] = SAME
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
        damaged(reached=-1),
        damaged(reached="1"),
        damaged(failed=None),
        damaged(failed=[0]),
        damaged(failed=[{"source": "b", "number": 0, "frame": -1, "finished": False}]),
        damaged(failed=[{"source": "a", "number": 1, "frame": -1, "finished": False}]),
        damaged(complete=1),
        damaged(digest=None),
        damaged(settings=[]),
        damaged(settings={"detector": 1}),
        damaged(format=None).replace(b'"format"', b'"formula"'),
    ],
)
def test_a_damaged_journal_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.csv\.journal: the journal is damaged\. Use --over") as caught:
        journal(tmp_path, ["a"]).read()
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 300))
def test_no_bytes_in_it_make_a_traceback(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    folder = tmp_path_factory.mktemp("noise")
    journal(folder).write(ENTRY)
    path = folder / "x.csv.journal"
    content = path.read_bytes()
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    try:
        assert isinstance(journal(folder).read(), CheckpointState)
    except ConfigError as error:
        assert "\n" not in str(error).replace(str(folder), "")


def test_another_version_is_told_from_a_damage(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_text(json.dumps({"format": 1}))
    with pytest.raises(ConfigError, match="another version of ekspresi wrote it"):
        journal(tmp_path).read()


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").mkdir()
    with pytest.raises(OutputError, match=r"x\.csv\.journal: "):
        journal(tmp_path).read()


@pytest.mark.parametrize(("older", "prior"), [(False, "trained"), (True, "uniform")])
def test_a_prior_by_its_older_name_is_the_same_setting(older: bool, prior: str, tmp_path: Path) -> None:
    before = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"even-prior": older})
    before.write(ENTRY)
    now = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"prior": prior})
    assert now.read() == ENTRY
    other = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"prior": "another"})
    with pytest.raises(ConfigError, match=rf'prior \("{prior}", now "another"\)'):
        other.read()
