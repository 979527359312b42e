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
INTERRUPTED = Position(SOURCES[3], 3, 17, False, 5)
FAILED = (Position("a.png", 0, -1, False), Position("c.mp4", 2, 40, False, 7, 1.6))
STATE = CheckpointState(INTERRUPTED, 1234, "00ff", 4, FAILED)


def checkpoint(folder: Path, sources: Sequence[str] = SOURCES, **changed: Any) -> Checkpoint:
    return Checkpoint(folder / "x.csv.journal", folder / "x.csv", sources, SETTINGS | changed)


def test_read_returns_the_written_state(tmp_path: Path) -> None:
    assert checkpoint(tmp_path).read() is None
    for state in (CheckpointState(), STATE, replace(STATE, complete=True)):
        checkpoint(tmp_path).write(state)
        assert checkpoint(tmp_path).read() == state
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv.journal"]


def test_remaining_lists_interrupted_failed_then_new_sources() -> None:
    last = Position("e.mp4", 4, -1, False)
    assert STATE.remaining(SOURCES) == [INTERRUPTED, *FAILED, last]
    assert replace(STATE, position=replace(INTERRUPTED, finished=True)).remaining(SOURCES) == [*FAILED, last]
    assert replace(STATE, complete=True).remaining(SOURCES) == [*FAILED]
    assert CheckpointState().remaining(SOURCES) == [
        Position(source, number, -1, False) for number, source in enumerate(SOURCES)
    ]


def test_read_with_other_settings_names_them(tmp_path: Path) -> None:
    checkpoint(tmp_path).write(STATE)
    with pytest.raises(ConfigError) as caught:
        checkpoint(tmp_path, ("b",) * 100, detector="yunet", every=0.2, end=None).read()
    what = 'detector ("mtcnn", now "yunet"), every (null, now 0.2), end (not given, now null), sources'
    assert str(caught.value) == (
        f"{tmp_path / 'x.csv'}: the interrupted run used other settings: {what}. "
        "Use the same settings, or --overwrite instead of --resume."
    )


def test_write_of_ten_thousand_sources_stays_small(tmp_path: Path) -> None:
    checkpoint(tmp_path, [f"/a/long/folder/{number}.jpg" for number in range(10_000)]).write(replace(STATE, failed=()))
    assert (tmp_path / "x.csv.journal").stat().st_size < 1000


SAME = {"detector": '"mtcnn"', "every": "null", "sources": '["a"]'}


def test_read_of_an_undamaged_file_succeeds(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_bytes(damaged())
    assert checkpoint(tmp_path, ["a"]).read() == CheckpointState(Position("a", 0, 0, False), 0, "", 1)


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
def test_read_of_a_damaged_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.csv\.journal: this checkpoint is damaged\. Use --over") as caught:
        checkpoint(tmp_path, ["a"]).read()
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 300))
def test_read_of_any_bytes_raises_only_config_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    checkpoint(folder).write(STATE)
    path = folder / "x.csv.journal"
    content = path.read_bytes()
    path.write_bytes(content[:at] + noise + content[at + len(noise) :])
    try:
        assert isinstance(checkpoint(folder).read(), CheckpointState)
    except ConfigError as error:
        assert "\n" not in str(error).replace(str(folder), "")


def test_read_of_another_version_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").write_text(json.dumps({"format": 1}))
    with pytest.raises(ConfigError, match=r"another version of ekspresi wrote this checkpoint\. Use that version"):
        checkpoint(tmp_path).read()


def test_read_of_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv.journal").mkdir()
    with pytest.raises(OutputError, match=r"x\.csv\.journal: "):
        checkpoint(tmp_path).read()


def test_position_with_an_invalid_field_raises() -> None:
    for wrong in ({"number": -1}, {"frame": -2}, {"next_track": 0}, {"frame": 0.0}):
        with pytest.raises(ValueError, match="invalid position in a run"):
            Position(**{"source": "a.png", "number": 0, "frame": 0, "finished": False} | wrong)


@pytest.mark.parametrize(("older", "prior"), [(False, "trained"), (True, "uniform")])
def test_read_maps_the_older_name_of_the_prior(older: bool, prior: str, tmp_path: Path) -> None:
    before = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"even-prior": older})
    before.write(STATE)
    now = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"prior": prior})
    assert now.read() == STATE
    other = Checkpoint(tmp_path / "x", tmp_path / "x.csv", SOURCES, SETTINGS | {"prior": "another"})
    with pytest.raises(ConfigError, match=rf'prior \("{prior}", now "another"\)'):
        other.read()
