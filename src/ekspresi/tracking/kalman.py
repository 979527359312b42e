"""Predict where boxes will be, with one Kalman filter of constant velocity for each.

In: boxes and time steps in seconds. Out: expected boxes and their uncertainty. Does not know about faces or tracks.

The filter is Kalman's (A New Approach to Linear Filtering and Prediction Problems, 1960). The state is center, width
and height. Each of the four numbers moves independently under white noise of acceleration. So one filter consists of
four small ones, and the covariance of each needs only three numbers. Noises scale with the side of the box.
"""

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

# Standard deviations as (sides of the box, pixels): their sum is taken. Two rows: of the center, of the size.
MEASUREMENT_STD = np.array([[0.05, 0.5], [0.08, 0.7]])
"""Measurement noise: standard deviation of a detector's box."""
INITIAL_SPEED_STD = np.array([[2.0, 60.0], [0.3, 0.0]])
"""Initial speed: standard deviation for a new box, per second; people walk and cameras pan."""
ACCELERATION_STD = np.array([[4.0, 20.0], [0.3, 0.0]])
"""Acceleration: standard deviation of the change of speed in one second.

Half of ByteTrack's value, whose boxes hold whole people.
"""


class KalmanFilters:
    """Hold T Kalman filters, one for each box.

    Example:
        >>> filters = KalmanFilters.from_boxes(np.array([[0.0, 0.0, 20.0, 20.0]]))
        >>> filters.predict(0.1)
        >>> filters.correct(np.array([0]), np.array([[5.0, 0.0, 25.0, 20.0]]))
        >>> filters.boxes().round().tolist()
        [[5.0, 0.0, 25.0, 20.0]]

    Attributes:
        center_size: float64 (T, 4), center x, center y, width and height in pixels.
        speed: float64 (T, 4), the same per second.
        covariance: float64 (3, T, 4): variance of ``center_size``, covariance of both, variance of ``speed``.
    """

    def __init__(self, center_size: _Array, speed: _Array, covariance: _Array) -> None:
        self.center_size, self.speed, self.covariance = center_size, speed, covariance

    @classmethod
    def from_boxes(cls, boxes: _Array) -> "KalmanFilters":
        """Start a filter of unknown speed at each box (T, 4), given as x1, y1, x2, y2."""
        state = to_center_size(boxes)
        measured, speed = _scaled_std(MEASUREMENT_STD, state) ** 2, _scaled_std(INITIAL_SPEED_STD, state) ** 2
        return cls(state, np.zeros_like(state), np.stack([measured, np.zeros_like(measured), speed]))

    def select(self, kept: NDArray[np.bool_]) -> "KalmanFilters":
        """Return the filters that a mask (T,) keeps."""
        return KalmanFilters(self.center_size[kept], self.speed[kept], self.covariance[:, kept])

    def append(self, more: "KalmanFilters") -> "KalmanFilters":
        """Return these filters followed by others."""
        return KalmanFilters(
            np.concatenate([self.center_size, more.center_size]),
            np.concatenate([self.speed, more.speed]),
            np.concatenate([self.covariance, more.covariance], axis=1),
        )

    def predict(self, step_s: float) -> None:
        """Advance all filters by ``step_s`` seconds."""
        self.center_size += step_s * self.speed
        self.center_size[:, 2:] = np.maximum(self.center_size[:, 2:], 1.0)
        noise = _scaled_std(ACCELERATION_STD, self.center_size) ** 2
        state, both, speed = self.covariance
        self.covariance = np.stack(
            [
                state + 2 * step_s * both + step_s**2 * speed + step_s**3 / 3 * noise,
                both + step_s * speed + step_s**2 / 2 * noise,
                speed + step_s * noise,
            ]
        )

    def correct(self, indices: NDArray[np.int64], boxes: _Array) -> None:
        """Update some filters with the boxes that a detector measured for them.

        Args:
            indices: int64 (S,), different filters.
            boxes: float64 (S, 4), x1, y1, x2, y2 of each in pixels.
        """
        measured = to_center_size(boxes)
        state, both, speed = self.covariance[:, indices]
        total = state + _scaled_std(MEASUREMENT_STD, measured) ** 2
        error = measured - self.center_size[indices]
        self.center_size[indices] += state / total * error
        self.speed[indices] += both / total * error
        rest = 1 - state / total
        self.covariance[:, indices] = np.stack([rest * state, rest * both, speed - both**2 / total])

    def boxes(self) -> _Array:
        """Return the expected boxes, float64 (T, 4), as x1, y1, x2, y2 in pixels."""
        half = self.center_size[:, 2:] / 2
        return np.concatenate([self.center_size[:, :2] - half, self.center_size[:, :2] + half], axis=1)

    def sides_px(self) -> _Array:
        """Return the side of the square with the area of each box, float64 (T,), in pixels."""
        return np.asarray(np.sqrt(self.center_size[:, 2] * self.center_size[:, 3]), dtype=np.float64)

    def position_std_px(self) -> _Array:
        """Return the standard deviation of each center, float64 (T,), in pixels."""
        return np.asarray(np.sqrt(self.covariance[0, :, 0]), dtype=np.float64)


def to_center_size(boxes: _Array) -> _Array:
    """Convert boxes from corners to center and size.

    Example:
        >>> to_center_size(np.array([[10.0, 20.0, 30.0, 60.0]])).tolist()
        [[20.0, 40.0, 20.0, 40.0]]

    Args:
        boxes: float64 (N, 4), x1, y1, x2, y2.

    Returns:
        float64 (N, 4), center x, center y, width, height.
    """
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _scaled_std(std: _Array, state: _Array) -> _Array:
    """Scale a pair of rows (sides, pixels) to states (N, 4); return standard deviations (N, 4)."""
    sides = np.sqrt(state[:, 2] * state[:, 3])
    center, size = std @ np.stack([sides, np.ones_like(sides)])
    return np.stack([center, center, size, size], axis=1)
