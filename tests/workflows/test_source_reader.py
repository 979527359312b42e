from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import ConfigError, EkspresiError
from ekspresi.media.image_writer import save_picture
from ekspresi.media.timestamps import Window
from ekspresi.tables.checkpoint import Position, start_positions
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, UnreadSource
from ekspresi.workflows.source_reader import WARM_UP_S, SourceReader, open_sources
from tests.support.clips import cut, write_clip
from tests.support.closed_folders import close


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b10.png", "b9.png"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name)
    (tmp_path / "bad.png").write_bytes(b"")
    return tmp_path


def read(reader: SourceReader, positions: list[Position], window: Window | None = None) -> tuple[list[str], list[str]]:
    """Names of the sources of all frames, and of the failed sources."""
    failed: list[Position] = []
    frames = reader.frames(window or Window(), positions, Event(), failed.append)
    return [Path(frame.source).name for frame in frames], [Path(each.source).name for each in failed]


def test_open_sources_folder_orders_files_naturally(folder: Path) -> None:
    reader = open_sources([str(folder)], lambda _: None)
    assert [path.name for path in reader.paths] == ["b9.png", "b10.png", "bad.png"]
    assert reader.camera is None


def test_open_sources_missing_file_is_an_error_of_a_named_source(folder: Path) -> None:
    reported: list[EkspresiError] = []
    reader = open_sources([str(folder / "nowhere.png"), str(folder / "b9.png")], reported.append)
    assert reader.errors == reported
    assert [Path(name).name for name in reader.names] == ["b9.png"]


def test_open_sources_camera_beside_a_file_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_sources(["camera:0", str(folder)], lambda _: None)
    assert str(caught.value) == (
        "camera:0: a live source must be the only source, because it never ends. "
        "Start a separate run for the other sources."
    )


def test_frames_bad_file_in_a_folder_is_no_error_of_the_run(folder: Path) -> None:
    reported: list[EkspresiError] = []
    reader = open_sources([str(folder)], reported.append)
    names, failed = read(reader, start_positions(reader.names))
    assert (names, failed) == (["b9.png", "b10.png"], ["bad.png"])
    assert len(reported) == 1 and reader.errors == []
    (unread,) = reader.unread
    assert unread == UnreadSource(str(folder / "bad.png"), "is empty (0 bytes). Copy it again from its origin.")


def test_frames_bad_named_file_is_an_error_of_the_run(folder: Path) -> None:
    reader = open_sources([str(folder / "bad.png")], lambda _: None)
    assert read(reader, start_positions(reader.names)) == ([], ["bad.png"])
    assert len(reader.errors) == 1


def test_frames_of_a_cut_named_video_are_an_error_of_run(tmp_path: Path) -> None:
    clip = cut(write_clip(tmp_path / "a.mkv", 100, gop=5), 0.5)
    (tmp_path / "a.mkv").unlink()
    for named, errors in ((clip, 1), (tmp_path, 0)):
        reader = open_sources([str(named)], lambda _: None)
        frames, failed = read(reader, start_positions(reader.names))
        assert set(frames) == {clip.name} and failed == []
        assert len(reader.errors) == errors
        assert [(each.source, each.reason[:11]) for each in reader.partial] == [(str(clip), "was cut off")]


def test_frames_stop_ends_before_the_next_source(folder: Path) -> None:
    reader, stop = open_sources([str(folder)], lambda _: None), Event()
    frames = reader.frames(Window(), start_positions(reader.names), stop, lambda _: None)
    next(frames)
    stop.set()
    assert list(frames) == []


def test_frames_resumed_video_starts_a_warm_up_earlier(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 150)  # 6 s
    reader = open_sources([str(clip)], lambda _: None)
    position = Position(str(clip), 0, 100, False, 1, 4.0)
    times = [frame.time_s or 0.0 for frame in reader.frames(Window(), [position], Event(), lambda _: None)]
    assert times[0] == pytest.approx(4.0 - WARM_UP_S) and times[-1] == pytest.approx(149 / 25)


def test_frames_resumed_video_keeps_the_grid_of_steps(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 150)
    reader = open_sources([str(clip)], lambda _: None)
    window = Window(every_s=0.5, start_s=0.2, end_s=5.0)
    fresh = [frame.time_s for frame in reader.frames(window, start_positions(reader.names), Event(), lambda _: None)]
    position = Position(str(clip), 0, 105, False, 1, 4.2)
    resumed = [frame.time_s for frame in reader.frames(window, [position], Event(), lambda _: None)]
    assert resumed == fresh[-len(resumed) :] and 0 < len(resumed) < len(fresh)


def test_open_sources_kinds_that_cannot_be_read_are_listed(folder: Path) -> None:
    for name in ("a.CR2", "sub/b.jxl", "notes.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    reader = open_sources([str(folder), str(folder)], pytest.fail)
    assert [path.name for path in reader.paths] == ["b9.png", "b10.png", "bad.png"]
    assert reader.unread == [UnreadSource(str(folder / name), UNSUPPORTED) for name in ("a.CR2", "sub/b.jxl")]


def test_open_sources_drawn_pictures_are_no_sources(folder: Path) -> None:
    drawn = folder / "out" / "b9.png"
    save_picture(Image.new("RGB", (8, 8)), drawn)
    named, glob = [str(folder / "b9.png"), str(drawn)], [str(folder / "**" / "b9.png")]
    for sources, annotate in (([str(folder)], None), (glob, None), (named, folder / "out"), (named, folder)):
        reader = open_sources(sources, pytest.fail, annotate=annotate)
        assert drawn not in reader.paths and folder / "b9.png" in reader.paths
        assert UnreadSource(str(drawn), DRAWN) in reader.unread
    for annotate in (None, folder / "other"):  # who names one elsewhere wants it read
        assert open_sources(named, pytest.fail, annotate=annotate).paths == [folder / "b9.png", drawn]


def test_open_sources_of_drawn_pictures_only_is_an_error(tmp_path: Path) -> None:
    save_picture(Image.new("RGB", (8, 8)), tmp_path / "a.png")
    reported: list[EkspresiError] = []
    reader = open_sources([str(tmp_path)], reported.append)
    assert reader.names == [] and reader.errors == reported
    what = "was drawn by ekspresi, so it is not a source. Give its original."
    assert str(reported[0]) == f"{tmp_path / 'a.png'}: {what}"


def test_open_sources_closed_subfolder_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = folder / "closed"
    closed.mkdir()
    close(closed, monkeypatch)
    reported: list[EkspresiError] = []
    reader = open_sources([str(folder)], reported.append)
    assert [path.name for path in reader.paths] == ["b9.png", "b10.png", "bad.png"]
    reason = "the folder cannot be read (Permission denied). Check its permissions."
    assert [str(error) for error in reported] == [f"{closed}: {reason}"]
    assert (reader.errors, reader.unread) == ([], [UnreadSource(str(closed), reason)])
    reader = open_sources([str(closed)], reported.append)
    assert [str(error) for error in reader.errors] == [f"{closed}: {reason}"]


def test_open_sources_empty_text_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    reader = open_sources(["", "b9.png"], lambda _: None)
    assert reader.names == ["b9.png"]
    assert [str(error) for error in reader.errors] == [
        "'': is empty text, not a source. Give the path of a picture, video or folder."
    ]
