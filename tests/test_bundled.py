"""The model that is shipped, on the pictures that are shipped."""

from pathlib import Path

import pytest

import ekspresi
from ekspresi.degradations import shrink
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.images import load_image
from ekspresi.weights import bundled_model, bundled_weights

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_says_what_it_is() -> None:
    metadata = ekspresi.Recognizer().metadata
    assert metadata.labels == FERPLUS_LABELS
    assert metadata.provenance["data"]["reader"] == "ferplus"
    assert metadata.provenance["split"]["protocol"] == "official"
    assert bundled_model().stat().st_size < 17e6
    assert bundled_weights().stat().st_size < 17e6


def test_the_astronaut_smiles() -> None:
    faces = ekspresi.analyze(EXAMPLES / "astronaut.jpg")
    assert len(faces) == 1 and faces[0].prediction is not None
    assert faces[0].prediction.expression == "happiness"
    assert faces[0].prediction.confidence > 0.8
    assert sum(faces[0].prediction.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("side", [48, 24, 16])
def test_and_smiles_on_few_pixels(side: int) -> None:
    recognizer = ekspresi.Recognizer()
    image = load_image(EXAMPLES / "astronaut.jpg")
    box = ekspresi.analyze(image)[0].box_xyxy
    crop = shrink(recognizer.metadata.crop.crop(image, box), side)
    (prediction,) = recognizer.predict([crop])
    assert (prediction.expression, prediction.face_px) == ("happiness", side)


def test_every_face_of_the_corridor_is_found_and_judged() -> None:
    faces = ekspresi.analyze(EXAMPLES / "corridor.jpg")
    assert len(faces) == 10
    assert all(face.prediction is not None and face.prediction.face_px > 8 for face in faces)
