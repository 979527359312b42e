import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.imaging.boxes import iou, nms


def test_nms_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [22, 22, 26, 26]], np.float32)
    scores = np.array([0.7, 0.9, 0.8, 0.6], np.float32)
    assert nms(boxes, scores, 0.5).tolist() == [1, 2, 3]
    assert nms(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]
    assert nms(boxes[:0], scores[:0], 0.5).tolist() == []


def suppressed_one_by_one(boxes: np.ndarray, scores: np.ndarray, threshold: float, of_smaller: bool) -> list[int]:
    """The definition: the best that is left stays, and what overlaps it too much goes."""
    left, kept = sorted(range(len(boxes)), key=lambda i: (-scores[i], i)), []
    area = [max(x2 - x1, np.float32(0)) * max(y2 - y1, np.float32(0)) for x1, y1, x2, y2 in boxes]
    while left:
        best = left.pop(0)
        kept.append(best)
        for other in list(left):
            low, high = np.maximum(boxes[best, :2], boxes[other, :2]), np.minimum(boxes[best, 2:], boxes[other, 2:])
            shared = max(high[0] - low[0], np.float32(0)) * max(high[1] - low[1], np.float32(0))
            whole = min(area[best], area[other]) if of_smaller else area[best] + area[other] - shared
            if shared > threshold * whole:
                left.remove(other)
    return kept


@given(st.integers(0, 150), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.5, 0.7]), st.booleans())
def test_nms_equals_its_definition(count: int, seed: int, threshold: float, of_smaller: bool) -> None:
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corners, corners + generator.uniform(-2, 30, (count, 2))], axis=1).astype(np.float32)
    scores = generator.integers(0, 20, count).astype(np.float32) / 20  # some are equal
    expected = suppressed_one_by_one(boxes, scores, threshold, of_smaller)
    assert nms(boxes, scores, threshold, of_smaller).tolist() == expected


def test_iou_of_widened_boxes_keeps_size():
    one = np.array([[0.0, 0.0, 8.0, 8.0]])
    others = np.array(
        [[0.0, 0.0, 8.0, 8.0], [8.0, 0.0, 16.0, 8.0], [-16.0, -16.0, 24.0, 24.0], [99.0, 0.0, 107.0, 8.0]]
    )
    # Margin 12: sides of 32; the second is moved by 8, so (24 * 32) / (40 * 32); the third has a side of 64.
    np.testing.assert_allclose(iou(one, others, np.array([12.0]))[0], [1, 0.6, 0.25, 0])
    np.testing.assert_allclose(iou(one, others, np.array([0.0]))[0], [1, 0, 0.04, 0])
