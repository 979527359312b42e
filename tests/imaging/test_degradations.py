import numpy as np
import pytest

from ekspresi.imaging.degradations import LowResolution, degrade, jpeg, shrink
from ekspresi.imaging.suites import SUITES


def faces(n: int = 40) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (n, 48, 48)).astype(np.float32)


def test_shrink_averages_and_keeps_small_faces() -> None:
    face = faces(1)[0].astype(np.uint8)
    small = shrink(face, 12)
    assert small.shape == (12, 12) and small.dtype == np.uint8
    expected = face.reshape(12, 4, 12, 4).mean((1, 3))
    assert np.abs(small - expected).max() <= 0.5 + 1e-3
    assert shrink(small, 12) is small
    assert shrink(small, 48) is small


def test_low_resolution_share_sets_the_number_of_faces() -> None:
    degrade = LowResolution(min_px=6)
    images = faces(400)
    _, none, effective = degrade(images, 0.0, np.random.default_rng(1))
    assert (none == 48).all() and (effective == 48).all()
    _, _, some = degrade(images, 0.5, np.random.default_rng(1))
    assert 0.4 < (some < 48).mean() < 0.6
    _, every, effective = degrade(images, 1.0, np.random.default_rng(1))
    assert every.min() == 6 and every.max() == 48
    assert (effective <= every).all() and effective.min() < 6


def test_low_resolution_at_share_zero_only_rounds() -> None:
    images = faces(4)
    out, _, _ = LowResolution()(images, 0.0, np.random.default_rng(1))
    np.testing.assert_array_equal(out, np.rint(images).astype(np.uint8))


def test_low_resolution_depends_on_the_generator_alone() -> None:
    degrade = LowResolution()
    one = degrade(faces(), 1.0, np.random.default_rng(3))
    two = degrade(faces(), 1.0, np.random.default_rng(3))
    other = degrade(faces(), 1.0, np.random.default_rng(4))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    np.testing.assert_array_equal(one[2], two[2])
    assert (one[1] != other[1]).any()


def only(**probabilities: float) -> LowResolution:
    """A degradation of nothing but what is named, beside the pixels themselves."""
    nothing = dict.fromkeys(("blur", "motion", "noise", "jpeg", "defocus", "enlarged"), 0.0)
    return LowResolution(**{"min_px": 6, **nothing, **probabilities})  # type: ignore[arg-type]


def test_low_resolution_noise_and_blur_change_detail() -> None:
    flat = np.full((64, 48, 48), 128, np.float32)
    noisy, sides, effective = only(noise=1)(flat, 1.0, np.random.default_rng(0))
    deviations = [noisy[i, :s, :s].std() for i, s in enumerate(sides) if s > 20]
    assert 1 < np.mean(deviations) < 10
    np.testing.assert_array_equal(effective, sides)
    checker = np.indices((48, 48)).sum(0) % 2 * 255.0
    batch = np.broadcast_to(checker, (200, 48, 48)).astype(np.float32)
    sharp, sides, _ = only(min_px=48)(batch, 1.0, np.random.default_rng(0))
    soft, _, effective = only(min_px=48, blur=1)(batch, 1.0, np.random.default_rng(0))
    assert (sides == 48).all()
    assert soft.std() < 0.7 * sharp.std()
    assert 29 < effective.min() < 32 and effective.max() == 48  # 0.5 / 0.8 of 48, and less than half a pixel


def test_low_resolution_motion_blurs_one_axis() -> None:
    stripes = (np.indices((48, 48))[1] % 2 * 255.0).astype(np.float32)
    batch = np.stack([stripes, stripes.T] * 50)
    out, sides, effective = only(min_px=48, motion=1)(batch, 1.0, np.random.default_rng(0))
    assert (sides == 48).all() and (effective < 48).all() and effective.min() > 48 / np.sqrt(3) - 1e-6
    kept = out.std(axis=(1, 2)) > 127  # stripes along the motion lose nothing
    assert 0.3 < kept.mean() < 0.7
    assert out[~kept].std(axis=(1, 2)).mean() < 60


def test_low_resolution_defocus_keeps_pixels() -> None:
    images = faces(100)
    out, sides, effective = only(defocus=1)(images, 1.0, np.random.default_rng(0))
    assert (sides == 48).all() and effective.min() == 6
    step = np.abs(np.diff(out.astype(float), axis=2)).mean(axis=(1, 2))
    assert np.corrcoef(np.log(effective), np.log(step))[0, 1] > 0.95


def test_low_resolution_enlarged_adds_no_detail() -> None:
    images = faces(200)
    out, sides, effective = only(enlarged=1)(images, 1.0, np.random.default_rng(0))
    assert (sides == 48).all() and (effective < 48).mean() > 0.9
    tiny = effective <= 8
    assert tiny.sum() > 10
    spectrum = np.abs(np.fft.fft2(out[tiny] - out[tiny].mean(axis=(1, 2), keepdims=True))) ** 2
    frequency = np.minimum(np.arange(48), 48 - np.arange(48))
    low = (frequency[:, None] <= 6) & (frequency[None, :] <= 6)
    assert spectrum[:, low].sum() > 0.8 * spectrum.sum()


def test_jpeg_loses_more_at_low_quality() -> None:
    face = faces(1)[0].astype(np.uint8)
    low, high = (np.abs(jpeg(face, q).astype(int) - face).mean() for q in (10, 95))
    assert low > 3 * high > 0


def test_degrade_by_each_suite_gives_its_faces() -> None:
    face = faces(1)[0].astype(np.uint8)
    for suite in SUITES:
        small = degrade(face, 12, suite, np.random.default_rng(0))
        assert small.shape == (12, 12) and small.dtype == np.uint8
        np.testing.assert_array_equal(small, degrade(face, 12, suite, np.random.default_rng(0)))
    np.testing.assert_array_equal(degrade(face, 12, "clean", np.random.default_rng(1)), shrink(face, 12))
    seen = {degrade(face, 12, "kernels", np.random.default_rng(i)).tobytes() for i in range(60)}
    assert seen == {shrink(face, 12, kernel).tobytes() for kernel in ("nearest", "bilinear", "bicubic", "lanczos")}
    tiny = shrink(face, 8)
    assert degrade(tiny, 16, "kernels", np.random.default_rng(0)) is tiny
    assert degrade(tiny, 16, "cctv", np.random.default_rng(0)).shape == (8, 8)
    flat = np.full((48, 48), 128, np.uint8)
    assert degrade(flat, 24, "cctv", np.random.default_rng(0)).std() > 1
    with pytest.raises(ValueError, match=r"unknown suite .*\. Use clean, kernels, cctv\."):
        degrade(face, 12, "vhs", np.random.default_rng(0))
