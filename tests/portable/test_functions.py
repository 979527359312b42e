"""The interpolation of the calibration is that of NumPy."""

import numpy as np

from tests.support.onnx_functions import session_of


def test_interpolate_equals_numpy():
    session = session_of(
        "double[N] x, double[P] starts, double[P] widths, double first, double[P] rises",
        "double[N] y",
        "interpolate (x, starts, widths, first, rises)",
    )
    points, values = np.array([1.0, 2.0, 4.5, 5.0]), np.array([0.3, -1.0, 7.0, 6.5])
    x = np.array([-3.0, 1.0, 1.2, 2.0, 3.3, 4.5, 4.9, 5.0, 99.0])
    given = {"starts": points[:-1], "widths": np.diff(points), "first": values[0], "rises": np.diff(values)}
    (found,) = session.run(None, {"x": x, **{name: np.asarray(value) for name, value in given.items()}})
    np.testing.assert_allclose(found, np.interp(x, points, values), rtol=0, atol=1e-12)
