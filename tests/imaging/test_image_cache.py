import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ekspresi.imaging.image_cache import cache_images


def counted_zeros(max_bytes: int):
    calls: list[int] = []

    @cache_images(max_bytes)
    def zeros(length: int, fill: int = 0) -> NDArray[np.uint8]:
        calls.append(length)
        return np.full(length, fill, np.uint8)

    return zeros, calls


def test_cache_images_keeps_the_results_used_last() -> None:
    zeros, calls = counted_zeros(100)
    for length in (40, 50, 40, 30, 40, 50):  # 30 drops 50, not 40
        assert len(zeros(length)) == length
    assert calls == [40, 50, 30, 50]


def test_cache_images_large_result_drops_no_other() -> None:
    zeros, calls = counted_zeros(100)
    for length in (60, 101, 60, 101):
        zeros(length)
    assert calls == [60, 101, 101]


def test_cache_images_tells_arguments_apart() -> None:
    zeros, calls = counted_zeros(100)
    assert [int(zeros(3, fill)[0]) for fill in (1, 2, 1)] == [1, 2, 1]
    assert int(zeros(3, fill=2)[0]) == 2
    assert calls == [3, 3, 3]


@pytest.mark.parametrize(("mode", "kept"), [("L", True), ("RGBA", False)])
def test_cache_images_counts_the_bands_of_pictures(mode: str, kept: bool) -> None:
    @cache_images(max_bytes=399)
    def picture(side: int) -> Image.Image:
        return Image.new(mode, (side, side))

    assert (picture(10) is picture(10)) == kept


def test_cache_images_in_use_waits_for_nobody() -> None:
    """The memory is in use while a key is hashed; a forked child may find it so for good."""
    zeros, calls = counted_zeros(100)
    within: list[int] = []

    class Length(int):
        def __hash__(self) -> int:
            within.append(len(zeros(7)))
            return super().__hash__()

    assert len(zeros(Length(5))) == 5
    assert set(within) == {7} and calls.count(7) == len(within)
    assert zeros(7) is zeros(7)
