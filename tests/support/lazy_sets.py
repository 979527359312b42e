"""Make data sets whose pictures are decoded on access, and count what is alive of them."""

import io
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ekspresi.datasets import lazy_images
from ekspresi.datasets.dataset import FaceDataset, start_fingerprint
from ekspresi.datasets.lazy_images import Images, read_blocks
from ekspresi.errors import ImageError


class CountedSource:
    """Give pictures as PNG in blocks; count decodings, loaded blocks, and bytes of decoded pictures alive."""

    def __init__(self, images: Sequence[NDArray[np.uint8]] | Images, rows_a_block: int = 16) -> None:
        self.items: list[bytes] = [_png(image) for image in images]
        self.starts = np.append(np.arange(0, len(self.items), rows_a_block), len(self.items))
        self.decoded = self.loaded = self.alive_bytes = self.most_alive_bytes = 0

    def load(self, block: int) -> list[bytes]:
        self.loaded += 1
        return self.items[self.starts[block] : self.starts[block + 1]]

    def decode(self, row: int, item: Any) -> NDArray[np.uint8]:
        if not item:
            raise ImageError(f"row {row}: is empty.")
        image = np.array(Image.open(io.BytesIO(item)))
        self.decoded += 1
        self.alive_bytes += image.nbytes
        self.most_alive_bytes = max(self.most_alive_bytes, self.alive_bytes)
        weakref.finalize(image, self._free, image.nbytes)
        return image

    def _free(self, size: int) -> None:
        self.alive_bytes -= size


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no set be small enough for the memory."""
    monkeypatch.setattr(lazy_images, "LARGEST_IN_MEMORY", 0)
    monkeypatch.setattr(lazy_images, "_SAMPLE", 1)


def lazy_copy(dataset: FaceDataset, monkeypatch: pytest.MonkeyPatch) -> tuple[FaceDataset, CountedSource]:
    """Make the same data set with pictures that are decoded on access."""
    source = CountedSource(dataset.images)
    with monkeypatch.context() as patch:
        hold_nothing(patch)
        started = start_fingerprint(dataset.labels, dataset.names, dataset.votes)
        images, _, skipped = read_blocks(source, started)
    assert not skipped and isinstance(images, lazy_images.LazyImages)
    return replace(dataset, images=images), source
