"""Check the outlines and labels on still images."""

import numpy as np
import pytest

from ekspresi.expressions import EXPRESSIONS
from ekspresi.types import Face, Prediction
from ekspresi.visualization.image_annotator import FEW, annotate
from ekspresi.visualization.palette import COLORS


def prediction(
    expression: str = "happiness", confidence: float = 0.9, abstained: bool = False, effective_px: float | None = None
) -> Prediction:
    rest = (1 - confidence) / 7
    probabilities = {label: confidence if label == expression else rest for label in EXPRESSIONS}
    return Prediction(expression, confidence, probabilities, 40.0, effective_px, abstained)


def rgb_of(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


def has_color(picture: np.ndarray, color: str) -> bool:
    return bool((np.abs(picture.astype(int) - rgb_of(color)).max(axis=-1) <= 2).any())


def test_annotate_marks_the_face_and_leaves_it_uncovered() -> None:
    image = np.full((600, 800, 3), 120, dtype=np.uint8)
    before = image.copy()
    picture = np.asarray(annotate(image, [Face((300.0, 250.0, 380.0, 350.0), 0.9, None, prediction())]))
    np.testing.assert_array_equal(image, before)
    assert picture.shape == image.shape
    np.testing.assert_array_equal(picture[255:345, 305:375], 120)
    assert has_color(picture[245:250, 290:390], COLORS["happiness"])
    above = picture[150:245, 290:450]
    assert has_color(above, COLORS["happiness"])
    assert (above.max(axis=-1) > 240).any()
    assert (picture[500:] == 120).all()


def test_annotate_small_image_is_enlarged_by_a_whole_factor() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    picture = annotate(image, [Face((30.0, 25.0, 50.0, 45.0), 0.9, None, prediction())])
    assert picture.size == (480, 360)
    corner = np.asarray(picture)[300:, :60]
    np.testing.assert_array_equal(corner, image[50:, :10].repeat(6, axis=0).repeat(6, axis=1))


def test_annotate_small_faces_enlarge_the_image() -> None:
    image = np.zeros((300, 640, 3), dtype=np.uint8)
    faces = [Face((x, 100.0, x + 20.0, 125.0), 0.9, None, prediction()) for x in (100.0, 200.0, 300.0)]
    assert annotate(image, faces).size == (1280, 600)
    assert annotate(image, []).size == (640, 300)


def test_annotate_face_that_fills_the_image_has_label_below() -> None:
    image = np.full((48, 48, 3), 50, dtype=np.uint8)
    picture = np.asarray(annotate(image, [Face((0.0, 0.0, 48.0, 48.0), 1.0, None, prediction("fear"))]))
    assert picture.shape[1] == 48 * 9
    assert picture.shape[0] > 48 * 9 + 20
    assert (picture[: 48 * 9] == 50).all()
    assert has_color(picture[48 * 9 :], COLORS["fear"])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (3000, 40), (2000, 2000)])
def test_annotate_odd_images_and_boxes_are_drawn(shape: tuple[int, int]) -> None:
    image = np.zeros((*shape, 3), dtype=np.uint8)
    faces = [
        Face((-30.0, -30.0, 3.0, 3.0), 0.5, None, prediction("unheard-of")),
        Face((0.2, 0.3, 0.4, 0.5), 0.5, None, prediction(abstained=True)),
        Face((shape[1] - 2.0, shape[0] - 2.0, shape[1] + 20.0, shape[0] + 20.0), 0.5),
    ]
    picture = annotate(image, faces)
    assert picture.mode == "RGB"
    assert picture.width % shape[1] == 0
    assert annotate(image, []).size[0] % shape[1] == 0


def crowd(columns: int, rows: int, step: int, abstained: bool = False) -> list[Face]:
    """Faces of 24 x 30 px in a grid."""
    return [
        Face((x, y, x + 24, y + 30), 0.9, None, prediction("neutral", abstained=abstained))
        for x in range(20, 20 + step * columns, step)
        for y in range(20, 20 + step * rows, step)
    ]


@pytest.mark.parametrize("step", [32, 48, 70, 110])
def test_annotate_crowd_covers_no_face(step: int) -> None:
    image = np.full((720, 1280, 3), 120, dtype=np.uint8)
    faces = crowd(1200 // step, 660 // step, step)
    picture = np.asarray(annotate(image, faces))
    for face in faces:
        x1, y1, x2, y2 = (int(edge) for edge in face.box_xyxy)
        assert (picture[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3] == 120).all(), "but round corners"


def test_annotate_unsure_and_neutral_differ_in_color_and_shape() -> None:
    image = np.full((720, 1280, 3), 120, dtype=np.uint8)
    upper = np.s_[18, 24:40]  # the middle of the upper line of the first face, off its round corners
    neutral, unsure = (np.asarray(annotate(image, crowd(2, 1, 300, abstained)))[upper] for abstained in (False, True))
    assert (neutral == rgb_of(COLORS["neutral"])).all(), "a solid line of one color"
    assert (unsure.min(axis=0) < 40).all() and (unsure.max(axis=0) > 240).all(), "black and white dashes"
    assert np.abs(unsure.astype(int) - neutral).max(axis=-1).min() > 40, "no pixel looks the same"


def test_annotate_more_than_few_faces_have_a_key() -> None:
    image = np.full((400, 1280, 3), 120, dtype=np.uint8)
    without, keyed = (np.asarray(annotate(image, crowd(number, 1, 200))) for number in (FEW, FEW + 1))
    assert (without[250:] == 120).all()
    assert has_color(keyed[250:], COLORS["neutral"])


def test_annotate_face_without_room_for_a_label_has_a_key() -> None:
    image = np.full((420, 130, 3), 120, dtype=np.uint8)
    faces = [Face((32.0 * k, 0.0, 32.0 * k + 31, 420.0), 0.9, None, prediction("fear")) for k in range(FEW)]
    picture = np.asarray(annotate(image, faces))
    assert picture.shape[0] > 840 and has_color(picture[840:], COLORS["fear"])


def test_annotate_abstention_has_no_expression_color() -> None:
    image = np.full((500, 500, 3), 120, dtype=np.uint8)
    face = Face((200.0, 200.0, 300.0, 300.0), 0.9, None, prediction(abstained=True))
    picture = np.asarray(annotate(image, [face]))
    assert (picture[195:200, 240:260] == 255).all(axis=-1).any()
    assert not has_color(picture[190:310, 190:310], COLORS["happiness"])


def test_annotate_abstention_names_guess_without_percentage() -> None:
    """Draw no percentage after 'unsure', which would be read as 'very unsure'."""
    image = np.full((500, 500, 3), 120, dtype=np.uint8)
    half, sure = (prediction(abstained=True, confidence=confidence) for confidence in (0.55, 0.9))
    labels = [
        np.asarray(annotate(image, [Face((200.0, 200.0, 300.0, 300.0), 0.9, None, one)]))[:195].astype(int)
        for one in (half, sure)
    ]
    assert all(has_color(label, COLORS["happiness"]) for label in labels), "the guess keeps its bar"
    rows = np.flatnonzero((labels[0] != 120).any(axis=(1, 2)))
    first_line = np.s_[rows[0] : rows[0] + 15]
    np.testing.assert_array_equal(labels[0][first_line], labels[1][first_line])
    assert (labels[0] != labels[1]).any()
