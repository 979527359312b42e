"""Check that a recognizer is a classifier, and that the parts of a batch prediction fit together."""

from pathlib import Path

import numpy as np

from ekspresi.recognition.classifier import BatchPrediction, Classifier
from ekspresi.recognition.recognizer import Recognizer


def test_classifier_is_implemented_by_recognizer(tiny_model: Path) -> None:
    classifier: Classifier = Recognizer(tiny_model)
    crops = [np.full((side, side), 30 * side, np.uint8) for side in (4, 8)]
    batch = classifier.predict_batch(crops)
    assert isinstance(batch, BatchPrediction)
    assert batch.probabilities.shape == (2, len(classifier.labels))
    assert batch.effective_px.tolist() == [4.0, 8.0]
    assert batch.abstained.dtype == np.bool_ and batch.abstained.shape == (2,)
