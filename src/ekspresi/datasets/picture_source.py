"""Define what pictures that are decoded on access are read from.

In: files, or what a function takes instead. Out: encoded pictures in blocks, and gray arrays of them. Does not know
about data sets. ``parquet_pictures`` has another source.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Source = TypeVar("Source")


class PictureSource(Protocol):
    """Give encoded pictures in blocks; picklable, without open files, and safe to share between threads.

    >>> import pickle
    >>> source: PictureSource = PictureFileSource([], np.load)
    >>> len(pickle.loads(pickle.dumps(source)).starts)
    1
    """

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return the first row of each of B blocks, and the number of all rows, int64 (B + 1,)."""
        ...

    def load(self, block: int) -> Sequence[Any]:
        """Load the items of a block, in order: encoded pictures as bytes, or what ``decode`` takes instead.

        Raises:
            DatasetError: the block cannot be read.
        """
        ...

    def decode(self, row: int, item: Any) -> NDArray[np.uint8]:
        """Decode an item to uint8 (H, W) gray.

        Raises:
            ImageError: it is not a readable picture; the message names it.
        """
        ...


@dataclass(frozen=True, slots=True)
class PictureFileSource(Generic[Source]):
    """Give the pictures of N files, each a block of its own (a ``PictureSource``).

    Attributes:
        sources: N files, or what ``read`` takes instead.
        read: turns one of them into its gray crop; raises ImageError where it cannot. Workers of a data loader unpickle
            both.

    >>> PictureFileSource(["a.npy", "b.npy"], np.load).starts.tolist()
    [0, 1, 2]
    """

    sources: Sequence[Source]
    read: Callable[[Source], NDArray[np.uint8]]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return the number of each file and of all files, int64 (N + 1,)."""
        return np.arange(len(self.sources) + 1)

    def load(self, block: int) -> Sequence[Source]:
        """Return the file of a block; ``decode`` reads it."""
        return (self.sources[block],)

    def decode(self, row: int, item: Source) -> NDArray[np.uint8]:
        """Read a file as uint8 (H, W) gray.

        Raises:
            ImageError: see ``read``.
        """
        return self.read(item)
