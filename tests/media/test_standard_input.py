import io
import sys

import numpy as np
import pytest
from PIL import Image

from ekspresi.errors import ImageError, SourceError
from ekspresi.media import standard_input
from ekspresi.media.standard_input import read_stdin


def pipe(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_read_stdin_decodes_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    pipe(buffer.getvalue(), monkeypatch)
    (frame,) = read_stdin()
    np.testing.assert_array_equal(frame.image, pixels)


@pytest.mark.parametrize(("content", "problem"), [(b"", "is empty"), (b"some text", "is a text file")])
def test_read_stdin_without_a_picture_names_the_problem(
    content: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe(content, monkeypatch)
    with pytest.raises(ImageError, match=rf"^-: {problem}"):
        list(read_stdin())


def test_read_stdin_of_an_animation_gives_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    others = [Image.new("L", (8, 6), 200)]
    Image.new("L", (8, 6)).save(buffer, "GIF", save_all=True, append_images=others, duration=50)
    pipe(buffer.getvalue(), monkeypatch)
    assert [frame.time_s for frame in read_stdin()] == [0.0, 0.05]


def test_read_stdin_of_too_much_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_input, "MAX_BYTES", 1 << 20)
    pipe(bytes((1 << 20) + 1), monkeypatch)
    with pytest.raises(SourceError, match=r"^-: standard input holds more than 1 MiB\. Give the path of a file\.$"):
        read_stdin()


@pytest.mark.parametrize("closed", [False, True])
def test_read_stdin_of_a_terminal_does_not_wait(closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(b"", monkeypatch)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    if closed:
        monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match=r"^-: standard input holds no picture\. Pipe a picture into it"):
        read_stdin()
