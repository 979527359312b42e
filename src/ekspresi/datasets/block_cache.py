"""Keep the blocks of encoded pictures that were used last, in bounded memory.

In: a function that loads a block by its number. Out: the block. Does not know what is in it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

CACHE_BYTES = 32 << 20
"""Bytes of encoded pictures that a process keeps for one data set; the last block is kept even where it is larger."""

_OWN_BYTES = 1024
"""Bytes that a block takes besides pictures, so that blocks without pictures are bounded too."""


class BlockCache:
    """Keep the blocks used last, up to a number of bytes; threads may share it.

    Two threads that miss the same block both load it.

    >>> cache = BlockCache(max_bytes=3000)
    >>> cache.get(7, lambda block: [bytes(500)]) is cache.get(7, lambda block: [b"not loaded again"])
    True
    >>> cache.bytes
    1524
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        """Keep nothing yet.

        Args:
            max_bytes: largest number of bytes to keep.
        """
        self._max_bytes = max_bytes
        self._blocks: OrderedDict[int, Sequence[Any]] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0
        """Bytes that are kept."""

    def get(self, block: int, load: Callable[[int], Sequence[Any]]) -> Sequence[Any]:
        """Return a block; load it where it is not kept."""
        with self._lock:
            if block in self._blocks:
                self._blocks.move_to_end(block)
                return self._blocks[block]
        loaded = load(block)
        with self._lock:
            if block not in self._blocks:
                self._blocks[block] = loaded
                self.bytes += _bytes_of(loaded)
                while self.bytes > self._max_bytes and len(self._blocks) > 1:
                    self.bytes -= _bytes_of(self._blocks.popitem(last=False)[1])
        return loaded


def _bytes_of(block: Sequence[Any]) -> int:
    return _OWN_BYTES + sum(
        memoryview(item).nbytes for item in block if isinstance(item, bytes | bytearray | memoryview)
    )
