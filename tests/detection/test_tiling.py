"""Tiles, levels, seams and suppression: numbers alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.detection.tiling import Tile, cut_by_seam, levels, tiles

lengths = st.integers(1, 5000)


@st.composite
def frame_and_box(draw: st.DrawFn) -> tuple[int, int, int, int, tuple[int, int, int, int]]:
    """Width, height, tile side, overlap, and a box within the frame that is not larger than the overlap."""
    width, height = draw(lengths), draw(lengths)
    side = draw(st.integers(40, 1500))
    overlap = draw(st.integers(1, side - 20))
    box_width = draw(st.integers(1, min(overlap, width)))
    box_height = draw(st.integers(1, min(overlap, height)))
    left, top = draw(st.integers(0, width - box_width)), draw(st.integers(0, height - box_height))
    return width, height, side, overlap, (left, top, left + box_width, top + box_height)


@given(frame_and_box())
def test_tiles_hold_each_box_within_the_overlap(
    case: tuple[int, int, int, int, tuple[int, int, int, int]],
) -> None:
    width, height, side, overlap, (x1, y1, x2, y2) = case
    found = tiles(width, height, side, overlap)
    assert any(t.left <= x1 and t.top <= y1 and x2 <= t.right and y2 <= t.bottom for t in found)
    assert all(t.left >= 0 and t.top >= 0 and t.right <= width and t.bottom <= height for t in found)
    assert {(t.right - t.left, t.bottom - t.top) for t in found} == {
        (found[0].right - found[0].left, found[0].bottom - found[0].top)
    }
    assert found[0].right - found[0].left <= side and found[0].bottom - found[0].top <= side
    assert len(set(found)) == len(found)


@given(frame_and_box(), st.floats(0, 8))
def test_cut_by_seam_box_is_whole_in_a_neighbor(
    case: tuple[int, int, int, int, tuple[int, int, int, int]], margin: float
) -> None:
    width, height, side, overlap, (x1, y1, x2, y2) = case
    if max(x2 - x1, y2 - y1) > overlap - 2 * margin:
        return
    box = np.array([[x1, y1, x2, y2]], np.float32)
    inside = [
        t
        for t in tiles(width, height, side, overlap)
        if t.left <= x1 and t.top <= y1 and x2 <= t.right and y2 <= t.bottom
    ]
    assert any(not cut_by_seam(box, t, width, height, margin)[0] for t in inside)


def test_tiles_of_a_frame_are_equal() -> None:
    assert tiles(640, 480, 640, 100) == [Tile(0, 0, 640, 480)]
    row = tiles(2000, 480, 1000, 200)
    assert [(tile.left, tile.right) for tile in row] == [(0, 800), (600, 1400), (1200, 2000)]
    with pytest.raises(ValueError, match="no step"):
        tiles(640, 480, 100, 100)


def test_levels_shrink_until_the_last_fits() -> None:
    plan = levels(20_000, 1000, 1.0, side_px=1024, overlap_px=128, step=4, last_px=512)
    assert [level.scale for level in plan] == [1, 1 / 4, 1 / 16, 1 / 64]
    for level in plan:
        for tile in level.tiles:
            assert (tile.right - tile.left) * level.scale <= 1024
    assert [len(level.tiles) for level in plan] == [23, 6, 2, 1]
    enlarged = levels(640, 480, 4.0, side_px=1024, overlap_px=128, step=4, last_px=512)[0]
    assert enlarged.tiles[1].left < enlarged.tiles[0].right - 31  # 128 px of the level are 32 of the frame


def test_cut_by_seam_ignores_edges_of_the_frame() -> None:
    tile = Tile(0, 0, 100, 100)
    boxes = np.array([[-3, 10, 20, 40], [70, 10, 98, 40], [60, 70, 90, 103], [10, 10, 40, 40]], np.float32)
    assert cut_by_seam(boxes, tile, 200, 100, 4).tolist() == [False, True, False, False]
    assert cut_by_seam(boxes, tile, 100, 100, 4).tolist() == [False] * 4
    assert cut_by_seam(boxes[:0], tile, 200, 100, 4).tolist() == []
