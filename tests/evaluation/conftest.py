"""Models with known answers, faces of CK+, and their evaluation."""

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.evaluate import evaluate
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.recognizer import Recognizer
from tests.support.gray_model import face, write_gray_model


@pytest.fixture(scope="package")
def recognizer(tmp_path_factory):
    """Make a model that knows the eight labels of FER+."""
    return Recognizer(write_gray_model(tmp_path_factory.mktemp("model") / "gray.onnx", FERPLUS_LABELS))


@pytest.fixture(scope="package")
def calibrated(tmp_path_factory):
    """Make a model that estimates 16 px for every face, answers from a confidence of 0.6, and finds 'fear' rare."""
    priors = np.full(8, 0.13)
    priors[FERPLUS_LABELS.index("fear")] = 0.09
    calibration = SizeCalibration(
        (8.0, 48.0), (1.0, 1.0), (0.6, 0.6), 0.92, (0.0,) * 8, tuple(priors.tolist()), 3000.0, 6.0
    )
    path = tmp_path_factory.mktemp("calibrated") / "m.onnx"
    return Recognizer(write_gray_model(path, FERPLUS_LABELS, calibration=calibration, believed_px=16))


@pytest.fixture(scope="package")
def dataset():
    """Make faces with CK+ labels; every fifth looks like another expression, and names hold markup."""
    rng = np.random.default_rng(0)
    targets = np.arange(70) % 7
    shown = np.where(np.arange(70) % 5 == 0, (targets + 1) % 7, targets)
    codes = [FERPLUS_LABELS.index(CKPLUS_LABELS[k]) for k in shown]
    return FaceDataset(
        name="made",
        path="up",
        labels=CKPLUS_LABELS,
        images=np.stack([face(k, 8, rng) for k in codes]),
        votes=(10 * np.eye(7)[targets]).astype(np.float32),
        other_votes=np.zeros((70, 0), np.float32),
        names=np.array([f"<b>{i}.png" for i in range(70)]),
        subjects=np.array([f"S{i // 7}" for i in range(70)]),
        sequences=np.array([f"S{i // 7}_{i % 7}" for i in range(70)]),
    )


@pytest.fixture(scope="package")
def evaluation(recognizer, dataset):
    return evaluate(recognizer, dataset, np.arange(70), sizes=(48, 16, 8))
