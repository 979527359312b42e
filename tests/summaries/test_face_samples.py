"""Check that samples are bounded, evenly spread and, where faces are hidden, without pixels."""

import numpy as np
import pytest

from ekspresi.summaries.face_samples import SAMPLED, SAMPLED_PX, AnswerGroup, FaceSampler, cut_view
from ekspresi.types import Face, Prediction, Row
from tests.support.results import LABELS, belief

IMAGE = np.full((48, 64, 3), 90, dtype=np.uint8)
EACH = SAMPLED // (len(LABELS) + 1)


def row(one: Prediction | None, source: str = "a.png") -> Row:
    return Row(source, 0, None, None, Face((20.0, 10.0, 40.0, 30.0), 0.9, None, one))


def sampled(number: int, *, views: bool = True) -> AnswerGroup:
    sampler = FaceSampler(views=views)
    for k in range(number):
        sampler.add(row(belief(confidence=0.5 + 0.4 * k / number), f"{k}.png"), IMAGE)
    (group,) = sampler.build()
    return group


def test_face_sampler_few_faces_are_all_kept() -> None:
    group = sampled(EACH)
    assert (group.answer, group.faces, len(group.sample)) == ("happiness", EACH, EACH)
    confidences = [face.prediction.confidence for face in group.sample]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("number", [EACH + 1, 1000, 5000])
def test_face_sampler_many_faces_are_spread_evenly(number: int) -> None:
    group = sampled(number)
    assert group.faces == number and EACH / 2 <= len(group.sample) <= EACH
    places = sorted(int(face.source.removesuffix(".png")) for face in group.sample)
    assert places[0] == 0 and len(set(np.diff(places))) == 1 and number - places[-1] <= np.diff(places)[0]


def test_face_sampler_all_answers_together_are_bounded() -> None:
    sampler = FaceSampler(views=True)
    for label in LABELS:
        for abstained in (False, True):
            for _ in range(300):
                sampler.add(row(belief(label, abstained=abstained)), IMAGE)
    groups = sampler.build()
    assert [group.answer for group in groups] == [*LABELS, "unsure"]
    assert sum(group.faces for group in groups) == 1800
    assert sum(len(group.sample) for group in groups) <= SAMPLED


def test_face_sampler_without_views_keeps_no_pixels() -> None:
    assert all(face.view is None for face in sampled(5, views=False).sample)


def test_face_sampler_face_without_prediction_is_left_out() -> None:
    sampler = FaceSampler(views=True)
    sampler.add(row(None), IMAGE)
    assert sampler.build() == ()


@pytest.mark.parametrize("box", [(-50, -50, 20, 20), (30, 10, 400, 300), (5, 5, 6, 6), (-9, -9, -2, -2)])
def test_cut_view_at_edges_is_small_and_owned(box: tuple[int, int, int, int]) -> None:
    view = cut_view(IMAGE, box, SAMPLED_PX)
    assert view.dtype == np.uint8 and view.ndim == 3 and min(view.shape) >= 1 and max(view.shape[:2]) <= SAMPLED_PX
    assert not np.shares_memory(view, IMAGE), "the picture is not kept alive"
