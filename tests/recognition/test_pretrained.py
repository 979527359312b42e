"""Check the bundled model on the pictures of ``examples/``."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ekspresi
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.imaging.degradations import shrink
from ekspresi.imaging.images import load_image
from ekspresi.recognition.pretrained import bundled_model, bundled_weights, read_model_card

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_bundled_model_has_labels_and_provenance() -> None:
    metadata = ekspresi.Recognizer().metadata
    assert metadata.labels == FERPLUS_LABELS
    assert metadata.provenance["data"]["reader"] == "ferplus"
    assert metadata.provenance["split"]["protocol"] == "official"
    assert bundled_model().stat().st_size < 17e6
    assert bundled_weights().stat().st_size < 17e6


def test_bundled_model_sees_the_astronaut_smile() -> None:
    faces = ekspresi.analyze(EXAMPLES / "astronaut.jpg")
    assert len(faces) == 1 and faces[0].prediction is not None
    assert faces[0].prediction.expression == "happiness"
    assert faces[0].prediction.confidence > 0.8
    assert sum(faces[0].prediction.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("side", [48, 24, 16])
def test_bundled_model_sees_the_smile_on_few_pixels(side: int) -> None:
    recognizer = ekspresi.Recognizer()
    image = load_image(EXAMPLES / "astronaut.jpg")
    box = ekspresi.analyze(image)[0].box_xyxy
    crop = shrink(recognizer.metadata.crop.crop(image, box), side)
    (prediction,) = recognizer.predict([crop])
    assert (prediction.expression, prediction.face_px) == ("happiness", side)


def test_bundled_model_estimates_sizes_and_abstains() -> None:
    recognizer = ekspresi.Recognizer()
    calibration = recognizer.metadata.calibration
    assert recognizer.estimates_size and calibration is not None and calibration.precision == 0.92
    image = load_image(EXAMPLES / "astronaut.jpg")
    crop = recognizer.metadata.crop.crop(image, ekspresi.analyze(image)[0].box_xyxy)
    small = shrink(crop, 12)
    large = np.asarray(Image.fromarray(small).resize((100, 100), Image.Resampling.BICUBIC))
    sharp, enlarged, least = recognizer.predict([crop, large, shrink(crop, 5)])
    assert sharp.effective_px is not None and enlarged.effective_px is not None
    assert sharp.effective_px > 20 and 8 < enlarged.effective_px < 18 and enlarged.face_px == 100
    assert not sharp.abstained and least.abstained


def test_bundled_model_uniform_prior_raises_rare_expressions() -> None:
    image = EXAMPLES / "lfw-faces.png"
    trained, uniform = ekspresi.analyze(image), ekspresi.analyze(image, prior="uniform")
    for one, two in zip(trained, uniform, strict=True):
        assert one.prediction is not None and two.prediction is not None
        rare, common = (two.prediction.probabilities["disgust"], two.prediction.probabilities["neutral"])
        before = one.prediction.probabilities
        assert rare * before["neutral"] >= common * before["disgust"]


def test_bundled_model_predicts_every_face_of_the_corridor() -> None:
    faces = ekspresi.analyze(EXAMPLES / "corridor.jpg")
    assert len(faces) == 10
    assert all(face.prediction is not None and face.prediction.face_px > 8 for face in faces)


def test_read_model_card_is_of_the_bundled_model() -> None:
    card = read_model_card()
    assert card.startswith(f"# Model card: {ekspresi.Recognizer().metadata.name}\n") and "Limits" in card
