"""Check the Kalman filters against matrix arithmetic."""

import numpy as np
import pytest

from ekspresi.tracking import kalman
from ekspresi.tracking.kalman import KalmanFilters, to_center_size


def to_corners(center_size):
    x, y, width, height = center_size.T
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)


def test_filters_agree_with_matrix_arithmetic():
    rng = np.random.default_rng(3)
    boxes = np.array([[10.0, 20.0, 30.0, 44.0]])
    state = to_center_size(boxes)
    filters = KalmanFilters.from_boxes(boxes)
    means, covariances = [], []
    for k in range(4):
        speed = kalman._scaled_std(kalman.INITIAL_SPEED_STD, state)[0, k]
        measured = kalman._scaled_std(kalman.MEASUREMENT_STD, state)[0, k]
        means.append(np.array([state[0, k], 0.0]))
        covariances.append(np.diag([measured**2, speed**2]))
    for step_s in (0.04, 0.1, 0.5, 0.04):
        filters.predict(step_s)
        acceleration = kalman._scaled_std(kalman.ACCELERATION_STD, filters.center_size)[0] ** 2
        seen = filters.center_size + rng.normal(0, 2, (1, 4))
        measured = kalman._scaled_std(kalman.MEASUREMENT_STD, seen)[0] ** 2
        for k in range(4):
            move = np.array([[1, step_s], [0, 1]])
            noise = acceleration[k] * np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]])
            mean, covariance = move @ means[k], move @ covariances[k] @ move.T + noise
            gain = covariance[:, 0] / (covariance[0, 0] + measured[k])
            means[k] = mean + gain * (seen[0, k] - mean[0])
            covariances[k] = covariance - np.outer(gain, covariance[0])
        filters.correct(np.array([0]), to_corners(seen))
        for k in range(4):
            np.testing.assert_allclose([filters.center_size[0, k], filters.speed[0, k]], means[k])
            np.testing.assert_allclose(filters.covariance[:, 0, k], covariances[k][[0, 0, 1], [0, 1, 1]])


def test_predict_shrinking_box_keeps_a_positive_size():
    filters = KalmanFilters.from_boxes(np.array([[0.0, 0.0, 10.0, 10.0]]))
    filters.speed[:, 2:] = -100.0
    filters.predict(1.0)
    np.testing.assert_array_equal(filters.center_size, [[5.0, 5.0, 1.0, 1.0]])
    np.testing.assert_array_equal(filters.sides_px(), [1.0])


def test_select_and_append_keep_order_and_values():
    boxes = np.array([[0.0, 0.0, 10.0, 20.0], [5.0, 5.0, 9.0, 9.0], [50.0, 40.0, 70.0, 60.0]])
    filters = KalmanFilters.from_boxes(boxes)
    filters.predict(0.5)
    parts = filters.select(np.array([True, False, False])).append(filters.select(np.array([False, True, True])))
    for name in ("center_size", "speed", "covariance"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(filters, name))
    np.testing.assert_allclose(parts.boxes(), boxes)
    assert filters.position_std_px() == pytest.approx(np.sqrt(filters.covariance[0, :, 0]))


def test_correct_leaves_other_filters_unchanged():
    filters = KalmanFilters.from_boxes(np.array([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]]))
    filters.predict(0.1)
    uncertain = filters.position_std_px()
    filters.correct(np.array([1]), np.array([[52.0, 50.0, 62.0, 60.0]]))
    np.testing.assert_array_equal(filters.boxes()[0], [0.0, 0.0, 10.0, 10.0])
    assert 50 < filters.boxes()[1, 0] < 52
    assert filters.position_std_px()[0] == uncertain[0] and filters.position_std_px()[1] < uncertain[1]
