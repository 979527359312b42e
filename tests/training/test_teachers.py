"""Teachers: the mean over networks and mirrored faces."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.errors import ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.calibration import softmax
from ekspresi.recognition.pretrained import bundled_weights
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.training.teachers import predict_with_teachers


def test_predict_with_teachers_averages_both_mirrors() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    recognizer = Recognizer()
    views = (faces, np.ascontiguousarray(faces[:, :, ::-1]))
    expected = np.mean([softmax(recognizer.logits(list(view))[0]) for view in views], axis=0)
    found = predict_with_teachers(("bundled",), recognizer.labels, faces)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    twice = predict_with_teachers(("bundled", str(bundled_weights())), recognizer.labels, faces)
    np.testing.assert_allclose(twice, found, atol=1e-6)


def test_predict_with_teachers_follows_the_label_order() -> None:
    faces = np.random.default_rng(1).integers(0, 256, (2, 48, 48), np.uint8)
    forward = predict_with_teachers(("bundled",), FERPLUS_LABELS, faces)
    backward = predict_with_teachers(("bundled",), FERPLUS_LABELS[::-1], faces)
    np.testing.assert_allclose(forward, backward[:, ::-1], atol=1e-6)


def test_predict_with_teachers_of_other_labels_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot teach happy"):
        predict_with_teachers(("bundled",), ("happy",), np.zeros((1, 48, 48), np.uint8))
