"""Tell the kind of a file by its first bytes.

In: the first bytes. Out: whether they begin a picture or a video; words for errors. Does not decode anything.
"""

import os
import re
import struct
from typing import IO

from ekspresi.errors import MissingExtraError

PICTURE, VIDEO = "picture", "video"

TIFF = ((0, (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),)
"""Where a TIFF or BigTIFF file has which bytes."""
_HEIF = ((4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")),)

_PICTURES = (
    (0, (b"\xff\xd8\xff", b"\x89PNG", b"GIF8")),
    *TIFF,
    (8, (b"WEBP",)),
    (4, (b"ftypavif", b"ftypavis", b"jP  \r\n\x87\n")),
    (0, (b"\xff\x4f\xff\x51",)),  # a JPEG 2000 code stream
)
_VIDEOS = (
    (4, (b"ftyp", b"moov", b"mdat", b"wide")),
    (0, (b"\x1aE\xdf\xa3", b"FLV\x01", b"\x00\x00\x01\xba", b"OggS", b"0&\xb2u")),
    (8, (b"AVI ",)),
)
CONVERT = "Convert it to JPEG or PNG."
"""Remedy for pictures that cannot be read."""
_OTHERS = (
    ((0, (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")), f"a JPEG XL picture, which cannot be read here. {CONVERT}"),
    ((0, (b"%PDF",)), "a PDF, not a picture. Save its page as PNG."),
    ((0, (b"8BPS",)), f"a Photoshop file, which cannot be read here. {CONVERT}"),
    ((0, (b"\x76\x2f\x31\x01",)), f"an OpenEXR picture, which cannot be read here. {CONVERT}"),
    ((128, (b"DICM",)), f"a DICOM file, which cannot be read here. {CONVERT}"),
    ((0, (b"PK\x03\x04",)), "an archive, not a picture. Unpack it first."),
)

MOST_SCANS = 100
"""Scans of a JPEG picture that is read."""
MOST_SEGMENTS = 10_000
"""Segments of such a picture, and bytes between them: Pillow takes microseconds for each. A profile of 16 MB has 250
segments."""
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd8]")  # no byte of coded pixels, no mark within a scan
_SCAN, _END = 0xDA, 0xD9

_Signature = tuple[int, tuple[bytes, ...]]


def starts_like(start: bytes, signatures: tuple[_Signature, ...]) -> bool:
    r"""Return whether the first bytes of a file have one of several signatures.

    Example:
        >>> starts_like(b"II*\x00", TIFF)
        True
    """
    return any(start[offset:].startswith(words) for offset, words in signatures)


def find_kind(start: bytes) -> str | None:
    """Return ``PICTURE`` or ``VIDEO`` where the first bytes say it; None for others.

    BMP, PPM, TGA and transport streams have no signature that rules out all other files.

    Example:
        >>> find_kind(b"GIF89a"), find_kind(b"....ftypisom"), find_kind(b"hello")
        ('picture', 'video', None)
    """
    if starts_like(start, (*_PICTURES, *_HEIF)):
        return PICTURE
    return VIDEO if starts_like(start, _VIDEOS) else None


def describe_kind(start: bytes) -> str:
    """Describe a file that could not be read as a picture, with a remedy.

    Example:
        >>> describe_kind(b"%PDF-1.7")
        'a PDF, not a picture. Save its page as PNG.'
    """
    if is_heif(start):
        return f"a HEIC/HEIF picture. {MissingExtraError('Reading it', 'heif')}"
    kind = find_kind(start)
    if kind == PICTURE:
        return "damaged or cut short. Copy it again from its origin."
    if kind == VIDEO:
        return "a video, not a picture. Give single frames."
    for signature, what in _OTHERS:
        if starts_like(start, (signature,)):
            return what
    text = start.rstrip(b"\x00").lstrip(b"\xef\xbb\xbf")
    printable = sum(byte >= 32 or byte in b"\t\r\n" for byte in text)
    if b"\x00" not in text and printable == len(text):
        return "a text file, not a picture. Give a picture, for example a JPEG or PNG file."
    return f"not a picture of a known kind. {CONVERT}"


def describe_jpeg(file: IO[bytes]) -> str | None:
    """Describe a JPEG that libjpeg does not decode, or not within seconds, with a remedy; None for all others.

    Each scan of a progressive JPEG may cost a pass over all pixels, and needs only a few bytes. So a small file of many
    scans would take hours. libtiff has the same limit, 100 scans. Cameras and programs write at most 20.

    Example:
        >>> from io import BytesIO
        >>> describe_jpeg(BytesIO(bytes.fromhex("ffd8 ffc0 0011 0c")))
        'a JPEG picture of 12 bits, which cannot be read here. Convert it to JPEG or PNG.'
    """
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return None
    content, at = file.read(), 0
    segments = scans = 0
    while (found := _JPEG_MARKER.search(content, at)) is not None and len(content) - found.end() >= 3:
        marker, (length, precision) = found[0][1], struct.unpack_from(">HB", content, found.end())
        fill = 0 if scans else found.start() - at
        segments, scans = segments + 1 + fill, scans + (marker == _SCAN)
        if scans > MOST_SCANS or segments > MOST_SEGMENTS:
            return f"a JPEG picture of too many parts, which would take too long to read. {CONVERT}"
        if marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xF7):
            return f"a lossless or hierarchical JPEG picture, which cannot be read here. {CONVERT}"
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and precision != 8:  # the frame header
            return f"a JPEG picture of {precision} bits, which cannot be read here. {CONVERT}"
        if marker == _END:
            break
        at = found.end() + length
    return None


def is_heif(start: bytes) -> bool:
    r"""Return whether the first bytes are those of a HEIC or HEIF picture, and not of an AVIF.

    Example:
        >>> is_heif(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        True
    """
    (length,) = struct.unpack(">L", start[:4].rjust(4, b"\0"))
    return starts_like(start, _HEIF) and b"avif" not in start[8:length]


def is_tga(file: IO[bytes], start: bytes, name: str) -> bool:
    """Return whether a file is a Truevision TGA: by the footer of version 2, or by its name and a plausible header.

    Example:
        >>> from io import BytesIO
        >>> is_tga(BytesIO(b"hello"), b"hello", "notes.txt")
        False
    """
    if len(start) < 18 or start[1] > 1 or start[2] not in (1, 2, 3, 9, 10, 11):
        return False
    at = file.tell()
    file.seek(max(0, file.seek(0, os.SEEK_END) - 18))
    footer = file.read(18)
    file.seek(at)
    return footer.startswith(b"TRUEVISION-XFILE") or name.lower().endswith(".tga")
