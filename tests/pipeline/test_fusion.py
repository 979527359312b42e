"""Check beliefs against the arithmetic, and that they follow changing faces but not noise or tiny faces."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekspresi.pipeline.fusion import (
    ERROR_CORRELATION,
    FULL_PX,
    SIZE_POWER,
    TIME_CONSTANT_S,
    FusionByTrack,
    TrackFusion,
)
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.types import Face, Prediction

LABELS = ("neutral", "happiness", "fear")
CALIBRATION = SizeCalibration(
    sizes_px=(8.0, 16.0),
    temperatures=(1.0, 1.0),
    thresholds=(0.9, 0.5),
    precision=0.92,
    bias=(0.0, 0.0, 0.0),
    class_priors=(0.5, 0.25, 0.25),
    prior_strength=1.0,
    smallest_px=6.0,
)


def prediction(*probabilities, px=16.0, face_px=20.0, with_size=True):
    best = int(np.argmax(probabilities))
    return Prediction(
        LABELS[best],
        probabilities[best],
        dict(zip(LABELS, probabilities, strict=True)),
        face_px,
        px if with_size else None,
    )


def values(belief):
    return list(belief.probabilities.values())


def normalized(*powers):
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("calibration", [CALIBRATION, None])
def test_update_single_frame_keeps_its_probabilities(calibration):
    single = prediction(0.2, 0.7, 0.1, px=12.0)
    found = TrackFusion(calibration).update(single, 3.0)
    assert values(found) == pytest.approx([0.2, 0.7, 0.1])
    assert (found.expression, found.face_px) == ("happiness", 20.0)
    assert found.confidence == pytest.approx(0.7)
    assert found.effective_px == pytest.approx(12.0)


def test_update_two_frames_agrees_with_hand_arithmetic():
    # At the same time and size both weigh 1, so n = 2. With error correlation 0.5 they are worth 2 / 1.5 = 4/3 frames,
    # so each likelihood counts with the power 2/3. Likelihoods are probabilities over the prior (1/2, 1/4, 1/4):
    # (0.4, 1.6, 1.6) and (1.0, 1.6, 0.4), with products (0.4, 2.56, 0.64).
    belief = TrackFusion(CALIBRATION, error_correlation=0.5)
    belief.update(prediction(0.2, 0.4, 0.4), 0.0)
    found = belief.update(prediction(0.5, 0.4, 0.1), 0.0)
    power = 2 / 3
    expected = normalized(0.5 * 0.4**power, 0.25 * 2.56**power, 0.25 * 0.64**power)
    assert values(found) == pytest.approx(expected)
    assert values(found) == pytest.approx([0.293467, 0.505804, 0.200729], abs=1e-6)


@pytest.mark.parametrize(("correlation", "power"), [(0.0, 1.0), (1.0, 0.5)])
def test_update_extreme_correlation_gives_product_or_mean(correlation, power):
    belief = TrackFusion(CALIBRATION, error_correlation=correlation)  # 0: the product; 1: the geometric mean
    belief.update(prediction(0.2, 0.4, 0.4), 0.0)
    found = belief.update(prediction(0.5, 0.4, 0.1), 0.0)
    assert values(found) == pytest.approx(normalized(0.5 * 0.4**power, 0.25 * 2.56**power, 0.25 * 0.64**power))


def test_update_fading_and_size_agree_with_hand_arithmetic():
    # The first frame has 12 px, half of FULL_PX, so it weighs 1/4 under a power of 2; one time constant later 1/4e.
    belief = TrackFusion(CALIBRATION, time_constant_s=2.0, error_correlation=0.5, size_power=2.0)
    belief.update(prediction(0.2, 0.4, 0.4, px=FULL_PX / 2), 10.0)
    found = belief.update(prediction(0.5, 0.4, 0.1, px=2 * FULL_PX), 12.0)
    old = 0.25 / math.e
    frames = (1 + old) ** 2 / (1 + old**2)
    sample_size = frames / (1 + (frames - 1) / 2)
    first, second = (0.4, 1.6, 1.6), (1.0, 1.6, 0.4)
    likelihoods = [(a**old * b) ** (sample_size / (1 + old)) for a, b in zip(first, second, strict=True)]
    assert values(found) == pytest.approx(normalized(*np.array([0.5, 0.25, 0.25]) * likelihoods))
    assert found.effective_px == pytest.approx(2 * FULL_PX * 4 ** (-old / (1 + old)))


def test_update_still_face_bounds_the_sample_size():
    belief = TrackFusion(CALIBRATION)
    for frame in range(300):
        found = belief.update(prediction(0.3, 0.5, 0.2), frame / 25)
    most = normalized(*np.array([0.5, 0.25, 0.25]) * np.array([0.6, 2.0, 0.8]) ** (1 / ERROR_CORRELATION))
    assert 0.5 < found.confidence < most[1]
    assert values(found) == pytest.approx(most, abs=0.01)


@given(st.integers(5, 120))
def test_update_higher_frame_rate_adds_no_evidence(rate):
    frames = (prediction(0.3, 0.5, 0.2), prediction(0.25, 0.45, 0.3))
    found = {}
    for frequency in (rate, 2 * rate):
        belief = TrackFusion(CALIBRATION)
        for frame in range(3 * frequency):
            found[frequency] = belief.update(frames[frame % 2], frame / frequency)
    assert values(found[rate]) == pytest.approx(values(found[2 * rate]), abs=0.05)


@pytest.mark.parametrize("rate", [8, 15, 30])
def test_update_changing_face_is_followed_within_a_second(rate):
    rng = np.random.default_rng(0)
    belief = TrackFusion(CALIBRATION)

    def noisy(*scores):
        return prediction(*normalized(*np.exp(np.array(scores) + rng.normal(0, 0.5, 3))))

    for frame in range(4 * rate):
        found = belief.update(noisy(1.0, 0.0, 0.0), frame / rate)
    assert found.expression == "neutral"
    times = [frame / rate for frame in range(4 * rate, 7 * rate)]
    labels = [belief.update(noisy(0.0, 1.0, 0.0), time_s).expression for time_s in times]
    settled = (len(labels) - labels[::-1].index("neutral")) / rate
    assert 0.2 < settled < TIME_CONSTANT_S


def test_update_noise_rarely_changes_the_label():
    rng = np.random.default_rng(1)
    belief = TrackFusion(CALIBRATION)
    single, fused = [], []
    for frame in range(450):
        scores = np.array([0.3, 0.0, 0.0]) + np.log(CALIBRATION.class_priors) + rng.normal(0, 0.8, 3)
        one = prediction(*normalized(*np.exp(scores)))
        single.append(one.expression)
        fused.append(belief.update(one, frame / 15).expression)
    changes = [sum(a != b for a, b in pairwise(labels)) for labels in (single, fused)]
    assert changes[1] <= 0.2 * changes[0]


def test_update_too_small_frames_do_not_count():
    belief = TrackFusion(CALIBRATION)
    good = belief.update(prediction(0.05, 0.9, 0.05, px=16.0), 0.0)
    for frame in range(1, 10):
        found = belief.update(prediction(0.01, 0.01, 0.98, px=5.9, face_px=6.0), frame / 25)
        assert found.expression == "happiness" and not found.abstained
        assert found.effective_px == pytest.approx(good.effective_px)
        assert found.face_px == 6.0
        assert found.probabilities["fear"] < 0.2


def test_update_small_faces_weigh_less_than_large_ones():
    for small in (7.0, 12.0):
        belief = TrackFusion(CALIBRATION)
        belief.update(prediction(0.15, 0.7, 0.15, px=FULL_PX), 0.0)
        found = belief.update(prediction(0.15, 0.15, 0.7, px=small), 0.0)
        assert found.expression == "happiness"
    assert SIZE_POWER > 0


def test_update_without_evidence_fades_to_the_prior():
    belief = TrackFusion(CALIBRATION)
    belief.update(prediction(0.05, 0.9, 0.05), 0.0)
    tiny = prediction(0.0, 0.0, 1.0, px=3.0)
    confidence = [belief.update(tiny, t).probabilities["happiness"] for t in (0.0, 0.5, 1.0, 2.0)]
    assert confidence == sorted(confidence, reverse=True)
    faded = belief.update(tiny, 30.0)
    assert values(faded) == pytest.approx([0.5, 0.25, 0.25], abs=1e-6)
    late = belief.update(prediction(0.1, 0.1, 0.8), 31.0)
    assert values(late) == pytest.approx([0.1, 0.1, 0.8], abs=1e-6)


def test_update_track_always_too_small_abstains():
    belief = TrackFusion(CALIBRATION)
    for frame in range(30):
        found = belief.update(prediction(0.0, 0.0, 1.0, px=5.0), frame / 15)
        assert found.abstained and found.expression == "fear" and found.confidence > 0.99
        assert found.effective_px == pytest.approx(5.0)
    # Rounding must not lift a mean of such sizes to the smallest size that counts.
    hardly = prediction(0.0, 0.0, 1.0, px=math.nextafter(CALIBRATION.smallest_px, 0))
    assert TrackFusion(CALIBRATION).update(hardly, 0.0).abstained


def test_update_too_small_frames_alone_are_fused():
    # At the same time and size, with correlation 1: the geometric mean of (0.3, 0.4, 0.3) and (0.5, 0.4, 0.1).
    belief = TrackFusion(CALIBRATION, error_correlation=1.0)
    belief.update(prediction(0.3, 0.4, 0.3, px=5.0), 0.0)
    found = belief.update(prediction(0.5, 0.4, 0.1, px=5.0), 0.0)
    assert values(found) == pytest.approx(normalized(0.15**0.5, 0.4, 0.03**0.5))
    assert found.expression == "happiness" and found.abstained


def test_update_noise_rarely_changes_the_guess():
    rng = np.random.default_rng(2)
    belief = TrackFusion(CALIBRATION)
    single, fused = [], []
    for frame in range(450):
        scores = np.array([0.3, 0.0, 0.0]) + np.log(CALIBRATION.class_priors) + rng.normal(0, 0.8, 3)
        one = prediction(*normalized(*np.exp(scores)), px=5.0)
        single.append(one.expression)
        fused.append(belief.update(one, frame / 15))
    changes = [sum(a != b for a, b in pairwise(labels)) for labels in (single, [one.expression for one in fused])]
    assert changes[1] <= 0.2 * changes[0]
    assert all(one.abstained for one in fused)


def test_update_first_evidence_replaces_the_guess():
    belief = TrackFusion(CALIBRATION)
    for frame in range(30):
        belief.update(prediction(0.01, 0.01, 0.98, px=5.9), frame / 30)
    found = belief.update(prediction(0.2, 0.7, 0.1, px=6.0), 1.0)
    assert values(found) == pytest.approx([0.2, 0.7, 0.1])
    assert found.effective_px == pytest.approx(6.0)
    found = belief.update(prediction(0.01, 0.01, 0.98, px=5.9), 1.0)  # from now on smaller frames do not count
    assert values(found) == pytest.approx([0.2, 0.7, 0.1])


def test_update_below_threshold_at_evidence_size_abstains():
    # The threshold is 0.9 at 8 px and 0.5 at 16 px.
    assert TrackFusion(CALIBRATION).update(prediction(0.2, 0.7, 0.1, px=8.0), 0.0).abstained
    assert not TrackFusion(CALIBRATION).update(prediction(0.2, 0.7, 0.1, px=16.0), 0.0).abstained
    assert TrackFusion(CALIBRATION).update(prediction(0.3, 0.49, 0.21, px=16.0), 0.0).abstained
    assert not TrackFusion(None).update(prediction(0.34, 0.33, 0.33, px=2.0), 0.0).abstained


def test_update_several_unsure_frames_become_sure():
    belief = TrackFusion(CALIBRATION)
    first = belief.update(prediction(0.31, 0.48, 0.21), 0.0)
    for frame in range(1, 15):
        found = belief.update(prediction(0.31, 0.48, 0.21), frame / 15)
    assert first.abstained and not found.abstained


def test_update_model_without_size_is_weighed_by_the_crop():
    belief = TrackFusion(CALIBRATION)
    belief.update(prediction(0.05, 0.9, 0.05, face_px=20.0, with_size=False), 0.0)
    found = belief.update(prediction(0.0, 0.0, 1.0, face_px=5.0, with_size=False), 0.04)
    assert found.effective_px is None and found.expression == "happiness" and not found.abstained


def test_update_uniform_prior_is_what_evidence_is_divided_by():
    belief = TrackFusion(CALIBRATION, np.log(np.full(3, 1 / 3)), error_correlation=0.0)
    belief.update(prediction(0.5, 0.25, 0.25), 0.0)
    assert values(belief.update(prediction(0.5, 0.25, 0.25), 0.0)) == pytest.approx(normalized(4, 1, 1))
    usual = TrackFusion(CALIBRATION, error_correlation=0.0)  # under the trained prior the same frames are no evidence
    usual.update(prediction(0.5, 0.25, 0.25), 0.0)
    assert values(usual.update(prediction(0.5, 0.25, 0.25), 0.0)) == pytest.approx([0.5, 0.25, 0.25])


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda p: sum(p) > 1e-3),
            st.floats(1, 500),
            st.none() | st.floats(allow_nan=True, allow_infinity=True),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_update_any_frames_give_probabilities(frames):
    belief = TrackFusion(CALIBRATION)
    for powers, px, time_s in frames:
        found = belief.update(prediction(*normalized(*powers), px=px), time_s)
        assert all(0 <= value <= 1 for value in values(found))
        assert sum(values(found)) == pytest.approx(1)
        assert found.confidence == max(values(found)) == found.probabilities[found.expression]
        assert math.isfinite(found.effective_px)


def test_update_certain_frame_rules_nothing_out_forever():
    belief = TrackFusion(CALIBRATION)
    belief.update(prediction(1.0, 0.0, 0.0), 0.0)
    for frame in range(1, 60):
        found = belief.update(prediction(0.1, 0.8, 0.1), frame / 15)
    assert found.expression == "happiness"


def test_update_other_labels_are_refused():
    belief = TrackFusion(CALIBRATION)
    belief.update(prediction(0.2, 0.7, 0.1), 0.0)
    with pytest.raises(
        ValueError, match=r"labels happy, sad differ from the track's neutral, happiness, fear\. Use one model"
    ):
        belief.update(Prediction("happy", 1.0, {"happy": 1.0, "sad": 0.0}, 20.0), 0.1)


def face(predicted):
    return Face((0.0, 0.0, 20.0, 20.0), 0.99, prediction=predicted)


def test_fusion_by_track_keeps_tracks_apart():
    fusion = FusionByTrack(CALIBRATION)
    a, b = prediction(0.1, 0.8, 0.1), prediction(0.1, 0.1, 0.8)
    for frame in range(5):
        without, found_b, found_a, blank = fusion.update(
            [face(a), face(b), face(a), face(None)], [None, 2, 1, 3], frame / 25
        )
    assert without == face(a) and blank == face(None)
    assert found_a.prediction.expression == "happiness" and found_a.prediction.confidence > 0.8
    assert found_b.prediction.expression == "fear" and found_b.prediction.confidence > 0.8
    assert found_a.box_xyxy == face(a).box_xyxy
    with pytest.raises(ValueError, match="zip"):
        fusion.update([face(a)], [], 1.0)


@pytest.mark.parametrize("stamped", [True, False])
def test_fusion_by_track_drops_old_tracks(stamped):
    fusion = FusionByTrack(CALIBRATION)
    for frame in range(2000):
        fusion.update([face(prediction(0.1, 0.8, 0.1))], [1 + frame // 10], frame / 25 if stamped else None)
    assert len(fusion._beliefs) == len(fusion._updated_s) < 60


def test_fusion_by_track_counts_frames_without_the_face():
    for gap, forgotten in ((1, False), (250, True)):
        fusion = FusionByTrack(CALIBRATION)
        fusion.update([face(prediction(0.05, 0.9, 0.05))], [1], None)
        for _ in range(gap):
            fusion.update([], [], None)
        (found,) = fusion.update([face(prediction(0.2, 0.2, 0.6))], [1], None)
        assert (values(found.prediction) == pytest.approx([0.2, 0.2, 0.6], abs=1e-3)) is forgotten
