import io
import re

import pytest
from PIL import Image

from ekspresi.errors import ImageError
from ekspresi.imaging.file_kinds import PICTURE, VIDEO, describe_jpeg, describe_kind, find_kind, is_heif, is_tga
from ekspresi.imaging.picture_files import decode_frames


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "JPEG2000", "AVIF"])
def test_find_kind_of_pictures_knows_them(form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, form)
    assert find_kind(file.getvalue()[:512]) == PICTURE


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", PICTURE),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", VIDEO),
        (b"\x1aE\xdf\xa3", VIDEO),
        (b"RIFF\0\0\0\0AVI LIST", VIDEO),
        (b"RIFF\0\0\0\0WEBPVP8 ", PICTURE),
        (b"BM" + bytes(60), None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_find_kind_of_first_bytes_is_careful(start: bytes, kind: str | None) -> None:
    assert find_kind(start) == kind


def test_is_heif_of_an_avif_is_false() -> None:
    assert is_heif(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic")
    assert not is_heif(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf")


def test_is_tga_needs_a_footer_or_a_name() -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "TGA")
    start, old = file.getvalue()[:512], file.getvalue()[:-26]
    assert is_tga(file, start, "picture")
    assert is_tga(io.BytesIO(old), start, "picture.TGA") and not is_tga(io.BytesIO(old), start, "picture")
    assert not is_tga(io.BytesIO(b"\7" * 50), b"\7" * 50, "picture.tga")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"8BPS\0\1", "a Photoshop file"),
        (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (b"\xff\x0a", "a JPEG XL picture"),
    ],
)
def test_describe_kind_names_other_pictures(start: bytes, what: str) -> None:
    assert describe_kind(start).startswith(what)
    assert describe_kind(start).endswith("Convert it to JPEG or PNG.")


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [(1, 0xC3, "a lossless"), (1, 0xF7, "a lossless"), (4, 12, "a JPEG picture of 12 bits")],
)
@pytest.mark.input_row(
    "pictures", "12-bit and lossless JPEG", refused="which cannot be read here. Convert it to JPEG or PNG."
)
def test_describe_jpeg_of_rare_kinds_names_them(at: int, value: int, what: str, stated_words: str) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "long" * 200
    Image.new("RGB", (16, 16)).save(file, "JPEG", exif=exif)
    assert describe_jpeg(file) is None
    content = bytearray(file.getvalue())
    content[content.index(b"\xff\xc0") + at] = value
    with pytest.raises(ImageError, match=f"x: is {what}") as caught:
        list(decode_frames(io.BytesIO(content), "x"))
    assert re.search(stated_words, str(caught.value))


def jpeg(*, progressive: bool = False, exif: bytes = b"") -> bytes:
    file = io.BytesIO()
    Image.new("L", (200, 200), 128).save(file, "JPEG", progressive=progressive, exif=exif)
    return file.getvalue()


def more_scans(content: bytes, number: int) -> bytes:
    """Repeat the last scan of a progressive JPEG with its code table."""
    start = content.rindex(b"\xff\xc4", 0, content.rindex(b"\xff\xda"))
    return content[:-2] + content[start:-2] * number + content[-2:]


@pytest.mark.input_row(
    "pictures",
    "JPEG with more than 100 scans or 10,000 segments",
    refused="is a JPEG picture of too many parts, which would take too long to read.",
)
@pytest.mark.parametrize(
    "content",
    [
        more_scans(jpeg(progressive=True), 100),
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 10_001 + jpeg()[2:],
        b"\xff\xd8" + b"\xff" * 10_001 + jpeg()[2:],
    ],
)
def test_describe_jpeg_of_too_many_parts_refuses(content: bytes, stated_words: str) -> None:
    with pytest.raises(ImageError, match=stated_words):
        list(decode_frames(io.BytesIO(content), "x"))


def test_describe_jpeg_counts_scans_of_the_picture_only() -> None:
    assert describe_jpeg(io.BytesIO(more_scans(jpeg(progressive=True), 90))) is None
    thumbnail = b"Exif\0\0" + b"\xff\xda\x00\x03" * 5000  # as random bytes of a thumbnail might be
    assert describe_jpeg(io.BytesIO(jpeg(exif=thumbnail) + b"\xff\xda\x00\x03" * 5000)) is None
