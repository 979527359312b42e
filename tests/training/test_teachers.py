"""Teachers: the mean over networks and mirrored faces."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.errors import ModelError
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.recognition.pretrained import bundled_weights
from ekspresi.training.network import load_teacher
from ekspresi.training.teachers import predict_with_teachers


def test_predict_with_teachers_averages_both_mirrors() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    network, preprocessing = load_teacher("bundled", FERPLUS_LABELS)
    tensor = torch.from_numpy(preprocessing.tensor(list(faces)))
    with torch.inference_mode():
        views = [network(view)[0].softmax(dim=1).numpy() for view in (tensor, tensor.flip(-1))]
    assert np.abs(views[0] - views[1]).max() > 1e-3
    found = predict_with_teachers(("bundled",), FERPLUS_LABELS, faces)
    np.testing.assert_allclose(found, np.mean(views, axis=0), atol=1e-5)
    twice = predict_with_teachers(("bundled", str(bundled_weights())), FERPLUS_LABELS, faces)
    np.testing.assert_allclose(twice, found, atol=1e-6)


def test_predict_with_teachers_follows_the_label_order() -> None:
    faces = np.random.default_rng(1).integers(0, 256, (2, 48, 48), np.uint8)
    forward = predict_with_teachers(("bundled",), FERPLUS_LABELS, faces)
    backward = predict_with_teachers(("bundled",), FERPLUS_LABELS[::-1], faces)
    np.testing.assert_allclose(forward, backward[:, ::-1], atol=1e-6)


def test_predict_with_teachers_of_other_labels_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot teach happy"):
        predict_with_teachers(("bundled",), ("happy",), np.zeros((1, 48, 48), np.uint8))
