"""The browser finds the faces that Python finds, and gives the same answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ekspresi
from ekspresi import Face, Recognizer
from tests.support.composed_scenes import compose_scene, cut_crops
from tests.support.studio_pages import StudioPage, to_crop, to_rgba

EXAMPLES = Path(__file__).parents[2] / "examples"

ANALYZE = """
const { image, ...options } = given;
const { faces } = await engine.analyze({ image: unpack(image), ...options });
return faces.map((face) => ({ ...face, probabilities: [...face.probabilities], crop: [...face.crop.gray] }));
"""


def analyze_in(studio: StudioPage, image: NDArray[np.uint8], **options: object) -> list[dict[str, Any]]:
    return list(studio.run(ANALYZE, {"image": to_rgba(image), **options}))


def assert_same_faces(found: list[dict[str, Any]], expected: list[Face]) -> NDArray[np.float64]:
    """Compare faces in order; return the largest difference in probability of each."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (
            other.prediction is not None and other.landmarks is not None and other.prediction.effective_px is not None
        )
        side = max(other.box_xyxy[2] - other.box_xyxy[0], other.box_xyxy[3] - other.box_xyxy[1])
        bound = max(0.1, side / 500)  # a rounded pixel of its patch moves a large face by more
        assert np.abs(np.subtract(one["box"], other.box_xyxy)).max() <= bound
        assert np.abs(np.subtract(one["landmarks"], other.landmarks)).max() <= 3 * bound
        assert abs(one["score"] - other.score) <= 0.02
        assert one["facePx"] == other.prediction.face_px
        assert one["abstained"] == other.prediction.abstained
    return np.array([difference(one, other) for one, other in zip(found, expected, strict=True)])


def difference(found: dict[str, Any], face: Face) -> float:
    assert face.prediction is not None
    return float(np.abs(np.subtract(found["probabilities"], list(face.prediction.probabilities.values()))).max())


def test_analyze_composed_scenes_as_python(engine_page: StudioPage) -> None:
    differences = []
    for seed in range(6):
        image, min_face_px = compose_scene(seed), (16, 40)[seed % 2]
        expected = ekspresi.analyze(image, min_face_px=min_face_px)
        assert len(expected) >= 4
        differences.append(assert_same_faces(analyze_in(engine_page, image, minFacePx=min_face_px), expected))
    assert np.mean(np.concatenate(differences) <= 1e-4) >= 0.99


@pytest.mark.parametrize(("name", "faces"), [("corridor", 7), ("astronaut", 1)])
def test_analyze_examples_as_python(engine_page: StudioPage, name: str, faces: int) -> None:
    image = np.asarray(Image.open(EXAMPLES / f"{name}.jpg").convert("RGB"))
    expected = ekspresi.analyze(image, min_face_px=20)
    assert len(expected) >= faces
    assert assert_same_faces(analyze_in(engine_page, image, minFacePx=20), expected).max() <= 1e-4


def test_analyze_large_picture_in_tiles_as_python(engine_page: StudioPage) -> None:
    image = np.asarray(Image.fromarray(compose_scene(3)).resize((2400, 300), Image.Resampling.BICUBIC))
    expected = ekspresi.analyze(image, min_face_px=24)
    assert_same_faces(analyze_in(engine_page, image, minFacePx=24), expected)


def test_analyze_transparent_pixels_are_white(engine_page: StudioPage) -> None:
    image = np.asarray(Image.open(EXAMPLES / "astronaut.jpg").convert("RGB").crop((120, 20, 340, 240)))
    alpha = np.tile(np.linspace(90, 255, 220).astype(np.uint8), (220, 1))
    rgba = np.dstack([image, alpha])
    expected = ekspresi.analyze(Image.fromarray(rgba))
    assert len(expected) == 1
    assert assert_same_faces(analyze_in(engine_page, rgba), expected).max() <= 1e-4


def test_analyze_given_boxes_predicts_just_these(engine_page: StudioPage) -> None:
    image = compose_scene(1)
    faces = ekspresi.analyze(image, min_face_px=16)
    boxes = [list(face.box_xyxy) for face in faces[:2]]
    found = analyze_in(engine_page, image, boxes=boxes, prior="uniform")
    expected = ekspresi.analyze(image, min_face_px=16, prior="uniform")[:2]
    assert [one["box"] for one in found] == boxes
    assert max(difference(one, other) for one, other in zip(found, expected, strict=True)) <= 1e-4
    assert max(difference(one, other) for one, other in zip(found, faces, strict=False)) > 1e-3  # the prior counts


def test_analyze_picture_without_faces_is_empty(engine_page: StudioPage) -> None:
    assert analyze_in(engine_page, np.full((60, 80, 3), 127, np.uint8)) == []
    assert analyze_in(engine_page, np.zeros((3, 5, 3), np.uint8)) == []  # smaller than the detector's window


def test_analyze_takes_an_image_bitmap(engine_page: StudioPage) -> None:
    faces = engine_page.run(
        """const { data, width, height } = unpack(given);
        const bitmap = await createImageBitmap(new ImageData(data, width, height));
        const { faces } = await engine.analyze({ image: bitmap, minFacePx: 16 });
        return faces.map(({ box }) => box);""",
        to_rgba(compose_scene(5)),
    )
    expected = ekspresi.analyze(compose_scene(5), min_face_px=16)
    assert np.abs(np.subtract(faces, [face.box_xyxy for face in expected])).max() <= 0.5


@pytest.mark.parametrize("prior", ["trained", "uniform"])
def test_analyze_crops_as_the_recognizer(engine_page: StudioPage, prior: str) -> None:
    sides = [6, 8, 11, 16, 24, 33, 48, 49, 97, 200]
    crops = cut_crops(sides)
    convention = Recognizer().metadata.crop
    expected = Recognizer(prior=prior).predict(crops)  # type: ignore[arg-type]
    for crop, prediction in zip(crops, expected, strict=True):
        side = len(crop)
        longer = side / convention.scale  # the box whose crop is the whole picture
        left, top = (side - longer) / 2, (side - longer) / 2 - convention.shift_y * longer
        box = [left, top, left + longer, top + longer]
        (found,) = analyze_in(engine_page, np.dstack([crop] * 3), boxes=[box], prior=prior)
        assert found["crop"] == crop.ravel().tolist()
        assert np.abs(np.subtract(found["probabilities"], list(prediction.probabilities.values()))).max() <= 1e-5
        assert abs(found["effectivePx"] - (prediction.effective_px or 0)) <= 1e-3
        assert found["abstained"] == prediction.abstained


def test_sizes_is_the_series_of_python(engine_page: StudioPage) -> None:
    from ekspresi.recognition.explanation import predict_at_sizes

    for side in (57, 20, 5):
        (crop,) = cut_crops([side])
        found = engine_page.run(
            """const points = await engine.sizes({ crop: unpackCrop(given) });
            return points.map((p) => ({ ...p, probabilities: [...p.probabilities], gray: [...p.gray] }));""",
            to_crop(crop),
        )
        expected = predict_at_sizes(Recognizer(), crop, range(min(side, 48), min(side, 8) - 1, -1))
        assert [point["px"] for point in found] == [len(reduced.crop) for reduced in expected]
        for point, reduced in zip(found, expected, strict=True):
            assert point["gray"] == reduced.crop.ravel().tolist()
            probabilities = list(reduced.prediction.probabilities.values())
            assert np.abs(np.subtract(point["probabilities"], probabilities)).max() <= 1e-5
            assert point["abstained"] == reduced.prediction.abstained


def test_evidence_is_the_map_of_python(engine_page: StudioPage) -> None:
    from ekspresi.recognition.explanation import measure_occlusion

    (crop,) = cut_crops([52])
    found = engine_page.run(
        """const seen = [];
        const onProgress = ({ falls, done, total }) => seen.push([done, total, falls.filter(Number.isNaN).length]);
        const map = await engine.evidence({ crop: unpackCrop(given), label: "happiness", onProgress });
        return { ...map, falls: [...map.falls], seen };""",
        to_crop(crop),
    )
    expected = measure_occlusion(Recognizer(), crop)
    assert expected.prediction.expression == "happiness"
    assert expected.falls.max() > 0.01
    assert np.abs(np.reshape(found["falls"], (16, 16)) - expected.falls).max() <= 1e-4
    assert len(found["seen"]) > 10
    assert all(total == 256 and done + missing == 256 for done, total, missing in found["seen"])
    assert found["seen"][-1][0] == 256
