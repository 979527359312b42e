"""Read TIFF pages whose samples Pillow cannot read, or reads wrongly.

In: an open TIFF or BigTIFF file. Out: its pages; the samples of a page as the file holds them. Does not know about
brightness: ``sample_values`` turns samples into colors.

A page is read here if its samples are integers of more than 8 bits, signed integers or floats, gray, RGB or CMYK, and
where Pillow refuses its layout. The layout is that of TIFF 6.0 (Adobe, 1992) with the predictors of Adobe's Technical
Note 3 (2005): strips or tiles, chunky or planar, either byte order. ``zlib`` unpacks Deflate. For LZW, PackBits, LZMA
and Zstandard each strip is wrapped into a small TIFF file of bytes, which libtiff unpacks.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK = 0, 1, 2, 5
"""Photometric interpretations that are read here."""

_SIGNED, _FLOAT, _UNDEFINED = 2, 3, 4
_NONE, _DEFLATE, _OLD_DEFLATE = 1, 8, 32946
_BY_LIBTIFF = {5: "LZW", 32773: "PackBits", 34925: "LZMA", 50000: "Zstandard"}
_REDUCED_OR_MASK = 0b101  # bits of NewSubfileType: a smaller copy of another page, or its transparency mask
_MAX_PAGES = 100_000
_MAX_TILE_PX = 4096  # by which a tile may reach past the picture


class UnknownLayoutError(Exception):
    """Report samples that cannot be read; the message says in a few words what they are.

    Example:
        >>> str(UnknownLayoutError("24-bit floats"))
        '24-bit floats'
    """


@dataclass(frozen=True, slots=True)
class TiffPage:
    """Hold the layout of one page of a TIFF file.

    Attributes:
        index: number of its directory in the file, from 0, as in ``PIL.Image.Image.seek``.
        tags: number of a tag -> its value.
        order: '<' or '>', the byte order.

    Example:
        >>> TiffPage(0, {256: 8, 257: 6, 258: 16, 262: 1}, "<").is_deep
        True
    """

    index: int
    tags: dict[int, Any]
    order: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored."""
        return int(self.tags.get(256, 0)), int(self.tags.get(257, 0))

    @property
    def bits(self) -> int:
        """Bits of a sample; 0 where samples of one pixel differ."""
        bits = _tuple(self.tags.get(258, 1))
        return int(bits[0]) if len(set(bits)) == 1 else 0

    @property
    def photometric(self) -> int:
        """What the samples mean, such as ``RGB``; -1 where the file does not say it."""
        return int(self.tags.get(262, -1))

    @property
    def kind(self) -> str:
        """The numpy kind of the samples: 'u', 'i' or 'f'; '' for complex numbers and mixtures."""
        kinds = {"u" if form in (1, _UNDEFINED) else {2: "i", 3: "f"}.get(form, "") for form in self._formats}
        return kinds.pop() if len(kinds) == 1 else ""

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return int(self.tags.get(277, 1))

    @property
    def extra(self) -> tuple[int, ...]:
        """Meaning of the samples beyond the colors: 1 and 2 are alpha, with and without premultiplied colors."""
        stated = _tuple(self.tags.get(338, ()))
        return stated or ((2,) if self.photometric == RGB and self.samples == 4 else ())

    @property
    def orientation(self) -> int:
        """The EXIF orientation, 1 to 8."""
        return int(self.tags.get(274, 1))

    @property
    def profile(self) -> bytes | None:
        """The ICC profile; None for none."""
        profile = self.tags.get(34675)
        return profile if isinstance(profile, bytes) else None

    @property
    def is_deep(self) -> bool:
        """Whether Pillow would lose bits of the samples, or their sign."""
        known = self.photometric in (MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK)
        return known and (self.bits > 8 or self.kind != "u")

    @property
    def _formats(self) -> tuple[int, ...]:
        return _tuple(self.tags.get(339, 1))

    def describe(self) -> str:
        """Describe the samples in a few words, for errors."""
        kind = {"u": "unsigned", "i": "signed", "f": "float"}.get(self.kind, "complex or mixed")
        packed = _BY_LIBTIFF.get(compression := int(self.tags.get(259, 1)), f"compression {compression}")
        packed = "" if compression in (_NONE, _DEFLATE, _OLD_DEFLATE) else f", {packed}"
        return f"{self.samples} x {self.bits or 'mixed'} bits, {kind}, photometric {self.photometric}{packed}"

    def read(self, file: IO[bytes]) -> NDArray[Any]:
        """Read the samples.

        Args:
            file: the open file.

        Returns:
            Unsigned or signed integers or floats, (H, W, samples), as stored: not turned by ``orientation``.

        Raises:
            UnknownLayoutError: the layout is not known.
            ValueError, LookupError, zlib.error, OSError: the file is damaged.
        """
        dtype = self._dtype()
        planes = self.samples if self.tags.get(284, 1) == 2 else 1
        depth = self.samples // planes
        width, height = self.size
        across, down, offsets, counts = self._segments()
        columns, rows = -(-width // across), -(-height // down)
        if len(offsets) < columns * rows * planes or len(counts) < len(offsets):
            raise ValueError("strips are missing")
        image = np.zeros((height, width, self.samples), dtype=dtype.newbyteorder("="))
        for number in range(columns * rows * planes):
            plane, cell = divmod(number, columns * rows)
            top, left = (cell // columns) * down, (cell % columns) * across
            tiled = 322 in self.tags
            part = (down if tiled else min(down, height - top), across, depth)
            file.seek(offsets[number])
            values = self._unpacked(file.read(counts[number]), part, dtype)
            here = image[top : top + down, left : left + across, plane * depth : (plane + 1) * depth]
            here[:] = values[: here.shape[0], : here.shape[1]]
        return image

    def _dtype(self) -> np.dtype[Any]:
        width, height = self.size
        shapes = {"u": (1, 2, 4, 8, 10, 12, 14, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}
        colors = {RGB: 3, CMYK: 4}.get(self.photometric, 1)
        if self.bits not in shapes.get(self.kind, ()) or self.samples < colors or self.tags.get(266, 1) != 1:
            raise UnknownLayoutError(self.describe())
        if min(width, height) < 1 or self.photometric not in (MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK):
            raise UnknownLayoutError(self.describe())
        size = max(self.bits, 8) if self.bits not in (10, 12, 14) else 16
        return np.dtype(f"{self.order}{self.kind}{size // 8}")

    def _segments(self) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
        """Return width and height of a strip or tile, and where they are."""
        width, height = self.size
        if 322 in self.tags:
            across, down = int(self.tags[322]), int(self.tags[323])
            offsets, counts = _tuple(self.tags[324]), _tuple(self.tags[325])
        else:
            across, down = width, min(int(self.tags.get(278, height)), height)
            offsets, counts = _tuple(self.tags[273]), _tuple(self.tags.get(279, ()))
            if not counts and self.tags.get(259, 1) == _NONE:  # old writers leave the counts out
                counts = tuple(down * self._row_bytes(across, self.samples) for _ in offsets)
        if min(across, down) < 1 or across > width + _MAX_TILE_PX or down > height + _MAX_TILE_PX:
            raise ValueError("strips or tiles have a wrong size")
        return across, down, offsets, counts

    def _row_bytes(self, across: int, depth: int) -> int:
        return -(-across * depth * self.bits // 8)

    def _unpacked(self, data: bytes, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Unpack a strip or tile to samples (rows, across, depth)."""
        rows, across, depth = shape
        length = self._row_bytes(across, depth)
        compression = int(self.tags.get(259, 1))
        if compression in (_DEFLATE, _OLD_DEFLATE):
            data = zlib.decompressobj().decompress(data, rows * length)
        elif compression in _BY_LIBTIFF:
            data = _by_libtiff(data, compression, length, rows)
        elif compression != _NONE:
            raise UnknownLayoutError(self.describe())
        flat = np.frombuffer(data, dtype=np.uint8, count=rows * length).reshape(rows, length)
        predictor = int(self.tags.get(317, 1)) if compression != _NONE else 1
        if predictor == 3 and self.kind == "f":
            return _undo_float_predictor(flat, shape, dtype)
        if predictor not in (1, 2) or (predictor == 2 and self.bits not in (8, 16, 32, 64)):
            raise UnknownLayoutError(self.describe())
        if self.bits < 8 or self.bits in (10, 12, 14):
            powers = 1 << np.arange(self.bits)[::-1]
            bits = np.unpackbits(flat, axis=1)[:, : across * depth * self.bits]
            return (bits.reshape(rows, across, depth, self.bits) @ powers).astype(dtype.newbyteorder("="))
        values = flat.reshape(-1).view(dtype).reshape(shape).astype(dtype.newbyteorder("="))
        if predictor == 2:  # differences of neighbors, modulo the size of an integer
            whole = values.view(f"u{dtype.itemsize}")
            np.cumsum(whole, axis=1, dtype=whole.dtype, out=whole)
        return values


def tiff_pages(file: IO[bytes]) -> list[TiffPage]:
    """List the pages of a TIFF file, without smaller copies and masks of other pages.

    Raises:
        SyntaxError, ValueError, OSError, struct.error: the file is damaged.

    Example:
        >>> file = BytesIO()
        >>> Image.new("L", (8, 6)).save(file, "TIFF", save_all=True, append_images=[Image.new("L", (4, 2))])
        >>> [page.size for page in tiff_pages(file)]
        [(8, 6), (4, 2)]
    """
    file.seek(0)
    header = file.read(16)
    order = "<" if header[:2] == b"II" else ">"
    if struct.unpack(f"{order}H", header[2:4])[0] == 43:
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        (offset,) = struct.unpack(f"{order}Q", header[8:16])
    else:
        directory = TiffImagePlugin.ImageFileDirectory_v2(header[:8])
        (offset,) = struct.unpack(f"{order}L", header[4:8])
    found = [TiffPage(index, tags, order) for index, tags in enumerate(_directories(file, directory, offset))]
    pages = [page for page in found if not int(page.tags.get(254, 0)) & _REDUCED_OR_MASK]
    return pages or found[:1]


def _directories(file: IO[bytes], directory: Any, offset: int) -> Iterator[dict[int, Any]]:
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MAX_PAGES:
        seen.add(offset)
        file.seek(offset)
        directory.load(file)
        yield dict(directory)
        offset = directory.next


def _by_libtiff(data: bytes, compression: int, length: int, rows: int) -> bytes:
    """Unpack a strip: wrap it into a TIFF file of one strip of bytes."""
    tags = {256: length, 257: rows, 258: 8, 259: compression, 262: 1, 273: 0, 277: 1, 278: rows, 279: len(data)}
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, start if tag == 273 else value) for tag, value in tags.items())
    wrapped = b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + struct.pack("<L", 0) + data
    try:
        with Image.open(BytesIO(wrapped), formats=["TIFF"]) as picture:
            return picture.tobytes()
    except Image.DecompressionBombError:
        raise UnknownLayoutError(f"{_BY_LIBTIFF[compression]} in a strip of {length * rows / 1e6:.0f} MB") from None


def _undo_float_predictor(
    flat: NDArray[np.uint8], shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> NDArray[np.floating[Any]]:
    """Undo predictor 3: each row holds the differences of all first bytes, then those of all second bytes ..."""
    rows, across, depth = shape
    steps = flat.reshape(rows, -1, depth)
    planes = np.cumsum(steps, axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, across * depth)
    big = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(dtype.newbyteorder(">"))
    return big.reshape(shape).astype(dtype.newbyteorder("="))


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
