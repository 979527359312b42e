"""Each kernel makes the matrices of the package."""

import numpy as np
import pytest

from ekspresi.imaging.resampling import KERNELS, resize_matrix
from tests.support.onnx_functions import session_of


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_kernel_equals_resize_matrix(kernel):
    session = session_of("int64[1] n_in, int64[1] n_out", "float[O,I] matrix", f"{kernel} (n_in, n_out)")
    for n_in, n_out in ((1, 1), (1, 64), (6, 64), (47, 64), (48, 48), (49, 48), (100, 48), (301, 48), (48, 7), (5, 2)):
        (matrix,) = session.run(None, {"n_in": np.array([n_in]), "n_out": np.array([n_out])})
        np.testing.assert_allclose(matrix, resize_matrix(n_in, n_out, kernel), rtol=0, atol=2e-7)
