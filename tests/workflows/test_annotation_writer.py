import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import OutputError
from ekspresi.tables.checkpoint import start_positions
from ekspresi.tables.overwrite import is_made_by_ekspresi
from ekspresi.types import Frame, FrameResult
from ekspresi.workflows.annotation_writer import AnnotationWriter
from ekspresi.workflows.options import DRAWN, UnreadSource
from ekspresi.workflows.source_reader import SourceReader, open_sources


def reader_of(*paths: str) -> SourceReader:
    return SourceReader([Path(path) for path in paths], None, None, frozenset(), lambda _: None)


def still(source: str) -> FrameResult:
    return FrameResult(Frame(source, 0, None, np.zeros((16, 16, 3), np.uint8)), (), ())


def moment(source: str, number: int) -> FrameResult:
    return FrameResult(Frame(source, number, number / 25, np.zeros((16, 16, 3), np.uint8)), (), ())


def frames_in(path: Path) -> int:
    with av.open(path) as video:
        return sum(1 for _ in video.decode(video=0))


def test_add_writes_pictures_and_videos(tmp_path: Path) -> None:
    writer = AnnotationWriter(reader_of("in/a.gif", "in/b.avi"), tmp_path / "out", pytest.fail)
    assert writer.add(still("in/a.gif"), resumed=False) == tmp_path / "out" / "a.gif.png"
    for number in range(3):
        assert writer.add(moment("in/b.avi", number), resumed=False) == tmp_path / "out" / "b.avi.mp4"
    writer.close()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.gif.png", "b.avi.mp4"]
    assert frames_in(tmp_path / "out" / "b.avi.mp4") == 3
    assert writer.written == 2


def test_add_pages_get_their_numbers(tmp_path: Path) -> None:
    for first in (0, 1):  # the second run is resumed after the first page
        writer = AnnotationWriter(reader_of("in/a.tif", "in/a.tif-frame2.png"), tmp_path, pytest.fail)
        for number in range(first, 3):
            image = np.full((16, 16, 3), 50 * number, np.uint8)
            page = Frame("in/a.tif", number, None, image, pages_follow=number < 2)
            written_to = writer.add(FrameResult(page, (), ()), resumed=first > 0)
        assert written_to == tmp_path / "a.tif-frame2-2.png"
        writer.add(still("in/a.tif-frame2.png"), resumed=False)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["a.tif-frame1.png", "a.tif-frame2-2.png", "a.tif-frame2.png", "a.tif.png"]
    with Image.open(tmp_path / "a.tif-frame2-2.png") as picture:
        assert np.asarray(picture).max() == 100


def test_add_animation_without_pyav_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    errors: list[OutputError] = []
    writer = AnnotationWriter(reader_of("in/a.gif", "in/b.png"), tmp_path, errors.append)
    writer.add(moment("in/a.gif", 0), resumed=False)
    writer.add(moment("in/a.gif", 1), resumed=False)
    writer.add(still("in/b.png"), resumed=False)
    assert len(errors) == 1 and "a.gif.mp4: a film needs the extra [video]." in str(errors[0])
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_add_picture_of_an_address_is_a_picture(tmp_path: Path) -> None:
    reader = SourceReader([], "http://host/a.jpg", "http://host/a.jpg", frozenset(), lambda _: None)
    writer = AnnotationWriter(reader, tmp_path, pytest.fail)
    writer.add(still("http://host/a.jpg"), resumed=False)
    assert [path.name for path in tmp_path.iterdir()] == ["http-host-a.jpg.png"]


def test_add_resumed_video_gets_a_file_of_its_own(tmp_path: Path) -> None:
    for resumed, name in ((False, "b.mp4"), (True, "b-2.mp4")):
        writer = AnnotationWriter(reader_of("in/b.mp4"), tmp_path, pytest.fail)
        assert writer.add(moment("in/b.mp4", 1), resumed) == tmp_path / name
        writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b-2.mp4", "b.mp4"]


def test_close_unfinished_video_replaces_no_older_one(tmp_path: Path) -> None:
    for number, whole in ((5, True), (2, False)):
        writer = AnnotationWriter(reader_of("in/b.mp4"), tmp_path, pytest.fail)
        for frame in range(number):
            writer.add(moment("in/b.mp4", frame), resumed=False)
        writer.close(whole=whole)
    assert frames_in(tmp_path / "b.mp4") == 5


def test_add_failed_picture_does_not_affect_the_next(tmp_path: Path) -> None:
    errors: list[OutputError] = []
    writer = AnnotationWriter(reader_of("in/a.png", "in/b.png"), tmp_path, errors.append)
    (tmp_path / "a.png").mkdir()
    assert writer.add(still("in/a.png"), resumed=False) is None
    assert writer.add(still("in/b.png"), resumed=False) == tmp_path / "b.png"
    assert len(errors) == 1 and str(errors[0]).startswith(f"{tmp_path / 'a.png'}: ")
    assert writer.written == 1 and (tmp_path / "b.png").is_file()


def test_check_foreign_file_needs_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("of someone else")
    reader = reader_of("in/a.png")
    with pytest.raises(OutputError, match="Use --overwrite to replace it, or use a different --annotate"):
        AnnotationWriter(reader, tmp_path, pytest.fail).check(start_positions(reader.names))
    AnnotationWriter(reader, tmp_path, pytest.fail, overwrite=True).check(start_positions(reader.names))


@pytest.mark.parametrize("name", ["film.mp4", "out.PNG"])
def test_file_name_as_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"looks like a file name\. Give --annotate a folder"):
        AnnotationWriter(reader_of("in/a.png"), tmp_path / name, pytest.fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["a.jpg", "a.png", "a.mp4"])
def test_add_beside_the_source_is_known_and_replaced(source: str, tmp_path: Path) -> None:
    """A second run finds what the first one drew, though the source lies in the same folder."""
    path = tmp_path / source
    path.write_bytes(b"original")
    result = moment(str(path), 0) if source == "a.mp4" else still(str(path))
    for _ in range(2):
        writer = AnnotationWriter(reader_of(str(path)), tmp_path, pytest.fail)
        writer.check(start_positions([str(path)]))
        writer.add(result, resumed=False)
        writer.close()
    drawn = tmp_path / f"a-annotated{path.suffix}"
    assert sorted(tmp_path.iterdir()) == [drawn, path] and path.read_bytes() == b"original"
    assert is_made_by_ekspresi(drawn)
    reader = open_sources([str(tmp_path)], pytest.fail)
    assert reader.paths == [path] and reader.unread == [UnreadSource(str(drawn), DRAWN)]
