"""Cache the arrays and images of a function, up to a number of bytes.

In: a function whose results depend on its arguments only. Out: the same function with a memory. Does not know what the
arrays are for.

``functools.lru_cache`` bounds the number of results. Where results grow with the size of a picture, that is no bound
of memory.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from numpy.typing import NDArray
from PIL import Image

P = ParamSpec("P")
Pixels = TypeVar("Pixels", bound="NDArray[Any] | Image.Image")


def cache_images(max_bytes: int) -> Callable[[Callable[P, Pixels]], Callable[P, Pixels]]:
    """Make a decorator that keeps the results used last, up to ``max_bytes`` bytes of pixels.

    A result larger than ``max_bytes`` is not kept. Nobody may change a result. A call that finds the memory in use by
    another thread computes its result and keeps nothing, so a fork cannot make a child wait.

    Example:
        >>> import numpy as np
        >>> @cache_images(max_bytes=100)
        ... def zeros(length: int) -> NDArray[np.uint8]:
        ...     return np.zeros(length, np.uint8)
        >>> zeros(60) is zeros(60), zeros(101) is zeros(101)
        (True, False)
    """

    def decorate(function: Callable[P, Pixels]) -> Callable[P, Pixels]:
        kept: OrderedDict[Hashable, Pixels] = OrderedDict()
        lock = Lock()
        used = 0

        def recall(key: Hashable) -> Pixels | None:
            if not lock.acquire(blocking=False):
                return None
            try:
                if key in kept:
                    kept.move_to_end(key)
                return kept.get(key)
            finally:
                lock.release()

        def keep(key: Hashable, result: Pixels) -> None:
            nonlocal used
            if _bytes_of(result) > max_bytes or not lock.acquire(blocking=False):
                return
            try:
                if key in kept:  # another thread was faster
                    return
                kept[key] = result
                used += _bytes_of(result)
                while used > max_bytes:
                    used -= _bytes_of(kept.popitem(last=False)[1])
            finally:
                lock.release()

        @wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> Pixels:
            key = (args, tuple(kwargs.items()))
            result = recall(key)
            if result is None:
                result = function(*args, **kwargs)
                keep(key, result)
            return result

        return cached

    return decorate


def _bytes_of(pixels: "NDArray[Any] | Image.Image") -> int:
    if isinstance(pixels, Image.Image):
        return pixels.width * pixels.height * len(pixels.getbands())
    return pixels.nbytes
