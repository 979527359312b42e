"""Write TIFF files of any sample type by hand, as the programs of laboratories do; Pillow writes few of them."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE, DEFLATE = 1, 8
ICC_PROFILE = 34675


@dataclass
class Page:
    """One page of a TIFF file: samples (H, W) or (H, W, C), and how they are stored."""

    samples: NDArray[Any]
    photometric: int = 1
    planar: bool = False
    compression: int = NONE
    predictor: int = 1
    tile: tuple[int, int] | None = None  # width, height
    rows_per_strip: int = 1000
    packed_bits: int | None = None  # fewer than the samples' own: 12 bits after each other
    tags: dict[int, Sequence[int]] = field(default_factory=dict)


def write_tiff(path: Path, *pages: Page, order: str = "<", big: bool = False) -> Path:
    """Write pages in an order of bytes, '<' or '>', as TIFF or BigTIFF."""
    word, entry = ("Q", 20) if big else ("L", 12)
    header = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    header += struct.pack(f"{order}HH", 8, 0) if big else b""
    content = bytearray(header + struct.calcsize(f"={word}") * b"\0")
    link, kinds = len(header), {ICC_PROFILE: 7}  # bytes; all other values are whole numbers
    for page in pages:
        segments = [
            (len(content) + sum(map(len, before)), part) for before, part in _with_earlier(_segments(page, order))
        ]
        for _, part in segments:
            content += part
        tags = _tags(page, [at for at, _ in segments], [len(part) for _, part in segments])
        values: dict[int, bytes] = {}
        for tag, numbers in tags.items():
            plain = bytes(numbers) if tag == ICC_PROFILE else b""
            data = plain or struct.pack(f"{order}{len(numbers)}{word}", *numbers)
            if len(data) > struct.calcsize(f"={word}"):
                at = len(content)
                content += data
                data = struct.pack(f"{order}{word}", at)
            values[tag] = data
        struct.pack_into(f"{order}{word}", content, link, len(content))
        content += struct.pack(f"{order}{'Q' if big else 'H'}", len(tags))
        for tag, numbers in sorted(tags.items()):
            content += (
                struct.pack(f"{order}HH{word}", tag, kinds.get(tag, 16 if big else 4), len(numbers)) + values[tag]
            )
        assert entry == 4 + 2 * struct.calcsize(f"={word}")
        link = len(content)
        content += struct.calcsize(f"={word}") * b"\0"
    path.write_bytes(content)
    return path


def _tags(page: Page, offsets: list[int], counts: list[int]) -> dict[int, Sequence[int]]:
    height, width = page.samples.shape[:2]
    depth = 1 if page.samples.ndim == 2 else page.samples.shape[2]
    bits = page.packed_bits or page.samples.dtype.itemsize * 8
    where = (322, 323, 324, 325) if page.tile else (None, 278, 273, 279)
    tags: dict[int, Sequence[int]] = {
        256: [width],
        257: [height],
        258: [bits] * depth,
        259: [page.compression],
        262: [page.photometric],
        277: [depth],
        284: [2 if page.planar else 1],
        317: [page.predictor],
        339: [{"u": 1, "i": 2, "f": 3}[page.samples.dtype.kind]] * depth,
        where[2]: offsets,
        where[3]: counts,
    }
    if page.tile:
        tags |= {322: [page.tile[0]], 323: [page.tile[1]]}
    else:
        tags[278] = [page.rows_per_strip]
    return tags | page.tags


def _segments(page: Page, order: str) -> Iterator[bytes]:
    samples = page.samples if page.samples.ndim == 3 else page.samples[:, :, None]
    height, width, depth = samples.shape
    across, down = page.tile or (width, page.rows_per_strip)
    for plane in np.split(samples, depth, axis=2) if page.planar else [samples]:
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                if page.tile:
                    missing = ((0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0))
                    part = np.pad(part, missing)
                data = _packed(page, part, order)
                yield zlib.compress(data) if page.compression == DEFLATE else data


def _packed(page: Page, part: NDArray[Any], order: str) -> bytes:
    stored = part.astype(part.dtype.newbyteorder(order))
    if page.packed_bits:
        places = np.arange(page.packed_bits)[::-1]
        bits = (part.reshape(part.shape[0], -1, 1) >> places) & 1
        return np.packbits(bits.reshape(part.shape[0], -1).astype(np.uint8), axis=1).tobytes()
    if page.predictor == 2:
        whole = part.view(f"u{part.dtype.itemsize}")
        steps = np.concatenate([whole[:, :1], whole[:, 1:] - whole[:, :-1]], axis=1)
        return steps.astype(steps.dtype.newbyteorder(order)).tobytes()
    if page.predictor == 3:
        rows, columns, depth = part.shape
        big = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
        planes = big.reshape(rows, columns * depth, -1).transpose(0, 2, 1).reshape(rows, -1, depth)
        steps = np.concatenate([planes[:, :1], planes[:, 1:] - planes[:, :-1]], axis=1)
        return steps.tobytes()
    return stored.tobytes()


def _with_earlier(parts: Iterator[bytes]) -> Iterator[tuple[list[bytes], bytes]]:
    earlier: list[bytes] = []
    for part in parts:
        yield list(earlier), part
        earlier.append(part)
