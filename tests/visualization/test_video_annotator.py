"""Check that labels of videos stay still and show their rows, and that faces can be hidden."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.expressions import EXPRESSIONS
from ekspresi.imaging.pixel_shape import stored_result
from ekspresi.types import Box, Face, Frame, FrameResult, Prediction, Row
from ekspresi.visualization.anonymization import anonymize, head_box
from ekspresi.visualization.image_annotator import annotate
from ekspresi.visualization.palette import COLORS
from ekspresi.visualization.video_annotator import REST_S, VideoAnnotator

GRAY = 120


def prediction(expression: str = "happiness", confidence: float = 0.9, abstained: bool = False) -> Prediction:
    rest = (1 - confidence) / 7
    probabilities = {label: confidence if label == expression else rest for label in EXPRESSIONS}
    return Prediction(expression, confidence, probabilities, 40.0, 30.0, abstained)


def frame_result(
    boxes: Sequence[Box],
    time_s: float | None = 0.0,
    *,
    tracks: Sequence[int | None] | None = None,
    predictions: Sequence[Prediction] | None = None,
    size: tuple[int, int] = (640, 480),
    source: str = "a.mp4",
    hidden: Sequence[Box] = (),
) -> FrameResult:
    image = np.full((size[1], size[0], 3), GRAY, dtype=np.uint8)
    tracks = range(1, len(boxes) + 1) if tracks is None else tracks
    rows = tuple(
        Row(source, 0, time_s, track, Face(box, 0.9, None, predicted))
        for box, track, predicted in zip(boxes, tracks, predictions or [prediction()] * len(boxes), strict=True)
    )
    return FrameResult(Frame(source, 0, time_s, image), rows, tuple(hidden))


def dark(picture: object) -> np.ndarray:
    """Mark the pixels of panels, which are almost black."""
    return np.asarray(picture).max(axis=-1) < 60


def panel(picture: object) -> Box:
    """Find the box of the only panel."""
    found = dark(picture)
    rows, columns = np.flatnonzero(found.sum(axis=1) > 20), np.flatnonzero(found.sum(axis=0) > 10)
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def at(x: float, y: float, side: float = 40.0) -> Box:
    return (x, y, x + side, y + side)


def test_video_annotator_jittering_box_keeps_label_still() -> None:
    rng = np.random.default_rng(0)
    annotator = VideoAnnotator()
    seen = {
        panel(annotator.annotate(frame_result([at(*(200 + rng.uniform(-1, 1, 2)))], number / 25)))
        for number in range(30)
    }
    assert len(seen) == 1


def test_video_annotator_label_follows_its_face() -> None:
    annotator = VideoAnnotator()
    places = [panel(annotator.annotate(frame_result([at(100 + 4 * n, 200 + n)], n / 25)))[:2] for n in range(50)]
    for n, (x, y) in enumerate(places):
        assert (x - 4 * n, y - n) == (pytest.approx(places[0][0], abs=5), pytest.approx(places[0][1], abs=5))
    steps = [later[0] - before[0] for before, later in itertools.pairwise(places[5:])]
    assert set(steps) == {4}, "no faster and no slower than the face"


def test_video_annotator_label_size_does_not_depend_on_text() -> None:
    annotator = VideoAnnotator()
    boxes = {
        panel(annotator.annotate(frame_result([at(200, 200)], n / 25, predictions=[belief])))[1:]  # off the dashes
        for n, belief in enumerate(
            [*(prediction(label, 0.51) for label in EXPRESSIONS), prediction("fear", 1.0), prediction(abstained=True)]
        )
    }
    assert len(boxes) == 1
    almost = [dict.fromkeys(EXPRESSIONS, 0.0005) | {"neutral": 0.996, other: 0.0009} for other in ("fear", "disgust")]
    pictures = [
        annotator.annotate(frame_result([at(200, 200)], predictions=[Prediction("neutral", 0.996, shares, 40.0)]))
        for shares in almost
    ]
    np.testing.assert_array_equal(*map(np.asarray, pictures))


def test_video_annotator_label_shows_row_and_track() -> None:
    def drawn(track: int | None, belief: Prediction) -> np.ndarray:
        return np.asarray(VideoAnnotator().annotate(frame_result([at(200, 200)], tracks=[track], predictions=[belief])))

    first = drawn(3, prediction())
    np.testing.assert_array_equal(first, drawn(3, prediction()))
    assert (first == tuple(bytes.fromhex(COLORS["happiness"][1:]))).all(axis=-1).any()
    for other in (drawn(4, prediction()), drawn(None, prediction()), drawn(3, prediction(confidence=0.8))):
        assert (first != other).any()
    unsure = drawn(3, prediction(abstained=True))
    assert (unsure[195:200, 215:225] == 255).all(axis=-1).any(), "the outline of an abstention is white"


def test_video_annotator_passing_faces_rarely_move_labels() -> None:
    """Let a face walk past a jittering one: a label changes its spot at most once a second."""
    rng = np.random.default_rng(1)
    annotator = VideoAnnotator()
    offsets: dict[float, tuple[float, float]] = {}
    changes = []
    for number in range(150):
        time_s = number / 25
        still = at(*(300 + rng.uniform(-1, 1, 2)))
        walking = at(40 + 3.5 * number, 255, 45)
        annotator.annotate(frame_result([still, walking], time_s))
        label = annotator._labels[1]
        spot = (label.spot.label, label.spot.number) if label.spot else (-1, -1)
        if offsets and spot != offsets[max(offsets)]:
            changes.append(time_s)
        offsets[time_s] = spot
    assert len(set(offsets.values())) > 1, "the walking face is in its way"
    assert len(changes) <= 4
    assert all(later - before >= REST_S for before, later in itertools.pairwise(changes))


def test_video_annotator_labels_do_not_hide_faces() -> None:
    annotator = VideoAnnotator()
    for number in range(60):
        boxes = [at(60 + 110 * k + 2 * number * (-1) ** k, 200 + 30 * k) for k in range(5)]
        picture = np.asarray(annotator.annotate(frame_result(boxes, number / 25)))
        for x1, y1, x2, y2 in boxes:
            inside = picture[int(y1) : int(y2), max(int(x1), 0) : int(x2)]
            assert (inside == GRAY).all(axis=-1).mean() > 0.7


@pytest.mark.parametrize(("size", "factor"), [((640, 480), 1), ((320, 240), 2), ((64, 48), 8), ((1920, 1080), 1)])
def test_video_annotator_frames_of_a_video_have_one_size(size: tuple[int, int], factor: int) -> None:
    annotator = VideoAnnotator()
    for boxes in ([], [at(5, 5, 10)], [at(0, 0, 9), at(20, 20, 9)], [(0.0, 0.0, *map(float, size))]):
        assert annotator.annotate(frame_result(boxes, size=size)).size == (size[0] * factor, size[1] * factor)


def test_video_annotator_filling_face_has_label_in_a_corner() -> None:
    picture = VideoAnnotator().annotate(frame_result([(0.0, 0.0, 640.0, 480.0)]))
    x1, _, x2, y2 = panel(picture)
    assert (x1 < 10, y2 > 470, x2 < 320) == (True, True, True)


def test_video_annotator_stills_equal_annotate() -> None:
    still = frame_result([at(200, 200), at(400, 100, 20)], None, tracks=[None, None])
    faces = [row.face for row in still.rows]
    np.testing.assert_array_equal(
        np.asarray(VideoAnnotator().annotate(still)), np.asarray(annotate(still.frame.image, faces))
    )


@pytest.mark.parametrize("time_s", [0.0, None])
def test_video_annotator_anonymize_hides_heads_below_labels(time_s: float | None) -> None:
    lost, found = at(400, 300, 70), at(200, 200, 70)  # so large that a still image is not enlarged
    seen = frame_result([found], time_s, hidden=[found, lost])
    noise = np.random.default_rng(2).integers(0, 256, seen.frame.image.shape, dtype=np.uint8)
    seen.frame.image[:] = noise
    open_, closed = (np.asarray(VideoAnnotator(anonymize=hiding).annotate(seen)) for hiding in (False, True))
    np.testing.assert_array_equal(seen.frame.image, noise)
    hidden = anonymize(noise, [found, lost])
    for box in (found, lost):
        inside = np.s_[int(box[1]) + 9 : int(box[3]) - 9, int(box[0]) + 9 : int(box[2]) - 9]
        np.testing.assert_array_equal(closed[inside], hidden[inside])
        np.testing.assert_array_equal(open_[inside], noise[inside])
        assert (open_[inside] != closed[inside]).mean() > 0.9
    x1, y1, x2, y2 = head_box(lost)
    rim_x, rim_y = int(0.12 * (x2 - x1)) + 2, int(0.12 * (y2 - y1)) + 2
    below, right = np.s_[int(y2) + rim_y :], np.s_[:, int(x2) + rim_x :]
    np.testing.assert_array_equal(closed[below], open_[below])
    np.testing.assert_array_equal(closed[right], open_[right])


def test_video_annotator_another_source_starts_over() -> None:
    annotator, crowd = VideoAnnotator(), [at(200, 200), at(190, 150)]
    annotator.annotate(frame_result(crowd))
    annotator.annotate(frame_result([at(200, 200)], 0.1))
    again = annotator.annotate(frame_result([at(200, 200)], 0.2, source="b.mp4"))
    np.testing.assert_array_equal(
        np.asarray(again), np.asarray(VideoAnnotator().annotate(frame_result([at(200, 200)])))
    )


def test_video_annotator_memory_is_bounded() -> None:
    annotator = VideoAnnotator()
    for number in range(1000):
        annotator.annotate(frame_result([at(10, 10)], number / 5, tracks=[number], size=(100, 80)))
    assert len(annotator._labels) <= 12


@pytest.mark.parametrize("anonymous", [False, True])
def test_annotate_of_wide_pixels_shows_square_ones(anonymous: bool) -> None:
    square = frame_result([(100, 100, 200, 220)], hidden=[(100, 100, 200, 220)], size=(640, 480))
    squeezed = replace(square.frame, image=square.frame.image[:, ::2], pixel_aspect=2.0)
    stored = stored_result(replace(square, frame=squeezed))
    pictures = [VideoAnnotator(anonymize=anonymous).annotate(each) for each in (stored, square)]
    assert stored.rows[0].face.box_xyxy == (50, 100, 100, 220)
    assert np.array_equal(*map(np.asarray, pictures))
