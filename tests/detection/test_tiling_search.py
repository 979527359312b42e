"""The search over tiles, with a network of a few lines that finds bright squares."""

import numpy as np

from ekspresi.detection.tiling import Detections, detect_tiled, levels


class BrightSquares:
    """Finds bright squares on black, also what a tile's edge leaves of one; remembers the largest part it saw."""

    def __init__(self) -> None:
        self.largest = 0

    def __call__(self, part: np.ndarray, scale: float) -> Detections:
        self.largest = max(self.largest, round(part.shape[0] * scale) * round(part.shape[1] * scale))
        boxes, scores = [], []
        bright = part[:, :, 0] > 0
        while bright.any():
            y = int(np.flatnonzero(bright.any(axis=1))[0])
            x = int(np.flatnonzero(bright[y])[0])
            width = int(np.argmin(np.append(bright[y, x:], False)))
            height = int(np.argmin(np.append(bright[y:, x], False)))
            bright[y : y + height, x : x + width] = False
            if 10 <= width * scale <= 100:
                boxes.append((x, y, x + width, y + height))
                scores.append(part[y, x, 0] / 255 - 0.001 * (width != height))
        corners = np.array(boxes, np.float32).reshape(-1, 4)
        return Detections(corners, np.array(scores, np.float32), corners[:, [0, 1] * 5].reshape(-1, 5, 2))


def squares(width: int, height: int, where: list[tuple[int, int, int]]) -> np.ndarray:
    """Black RGB picture with squares: left, top, side."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, side in where:
        image[y : y + side, x : x + side] = 200
    return image


def test_detect_tiled_on_a_seam_finds_a_face_once() -> None:
    plan = levels(900, 300, 1.0, side_px=300, overlap_px=60, step=3, last_px=300)
    assert len(plan[0].tiles) > 2
    for x in range(150, 400, 7):
        (face,) = detect_tiled(squares(900, 300, [(x, 100, 40)]), plan, BrightSquares())
        assert face.box_xyxy == (x, 100, x + 40, 140)
        assert face.landmarks == ((x, 100),) * 5


def test_detect_tiled_finds_large_faces_on_a_coarse_level() -> None:
    plan = levels(900, 300, 1.0, side_px=300, overlap_px=60, step=3, last_px=300)
    for x in range(0, 700, 31):
        (face,) = detect_tiled(squares(900, 300, [(x, 40, 180)]), plan, BrightSquares())
        assert face.box_xyxy == (x, 40, x + 180, 220)


def test_detect_tiled_of_500_faces_finds_each_once() -> None:
    where = [(10 + 48 * column, 10 + 48 * row, 12 + (row + column) % 20) for row in range(20) for column in range(25)]
    plan = levels(1220, 980, 1.0, side_px=400, overlap_px=64, step=4, last_px=400)
    found = detect_tiled(squares(1220, 980, where), plan, BrightSquares())
    assert sorted((face.box_xyxy[0], face.box_xyxy[1]) for face in found) == sorted((x, y) for x, y, _ in where)
    areas = [face.box_xyxy[2] - face.box_xyxy[0] for face in found]
    assert areas == sorted(areas, reverse=True)


def test_detect_tiled_on_a_panorama_passes_small_parts() -> None:
    where = [(x, 100 + x % 300, 13) for x in range(40, 20_000, 997)]
    finder = BrightSquares()
    plan = levels(20_000, 600, 1.0, side_px=1024, overlap_px=128, step=8, last_px=1024)
    found = detect_tiled(squares(20_000, 600, where), plan, finder)
    assert len(found) == len(where)
    assert finder.largest <= 1024**2


def test_detect_tiled_without_a_face_returns_nothing() -> None:
    plan = levels(30, 20, 1.0, side_px=300, overlap_px=60, step=3, last_px=300)
    assert detect_tiled(squares(30, 20, []), plan, BrightSquares()) == []
