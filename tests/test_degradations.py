import numpy as np

from ekspresi.degradations import LowResolution, jpeg, shrink


def faces(n: int = 40) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (n, 48, 48)).astype(np.float32)


def test_shrink_averages_and_leaves_small_faces_alone() -> None:
    face = faces(1)[0].astype(np.uint8)
    small = shrink(face, 12)
    assert small.shape == (12, 12) and small.dtype == np.uint8
    expected = face.reshape(12, 4, 12, 4).mean((1, 3))
    assert np.abs(small - expected).max() <= 0.5 + 1e-3
    assert shrink(small, 12) is small
    assert shrink(small, 48) is small


def test_share_decides_how_many_faces_lose_pixels() -> None:
    degrade = LowResolution(min_px=6)
    images = faces(400)
    _, none = degrade(images, 0.0, np.random.default_rng(1))
    assert (none == 48).all()
    _, some = degrade(images, 0.5, np.random.default_rng(1))
    assert 0.4 < (some < 48).mean() < 0.6
    _, every = degrade(images, 1.0, np.random.default_rng(1))
    assert every.min() == 6 and every.max() <= 48


def test_undegraded_faces_are_only_rounded() -> None:
    images = faces(4)
    out, _ = LowResolution()(images, 0.0, np.random.default_rng(1))
    np.testing.assert_array_equal(out, np.rint(images).astype(np.uint8))


def test_the_generator_alone_decides() -> None:
    degrade = LowResolution()
    one = degrade(faces(), 1.0, np.random.default_rng(3))
    two = degrade(faces(), 1.0, np.random.default_rng(3))
    other = degrade(faces(), 1.0, np.random.default_rng(4))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert (one[1] != other[1]).any()


def test_noise_and_blur_do_what_they_say() -> None:
    flat = np.full((64, 48, 48), 128, np.float32)
    noisy, sides = LowResolution(blur=0, noise=1, jpeg=0)(flat, 1.0, np.random.default_rng(0))
    deviations = [noisy[i, :s, :s].std() for i, s in enumerate(sides) if s > 20]
    assert 1 < np.mean(deviations) < 10
    checker = np.indices((48, 48)).sum(0) % 2 * 255.0
    batch = np.broadcast_to(checker, (200, 48, 48)).astype(np.float32)
    sharp, sides = LowResolution(min_px=48, blur=0, noise=0, jpeg=0)(batch, 1.0, np.random.default_rng(0))
    soft, _ = LowResolution(min_px=48, blur=1, noise=0, jpeg=0)(batch, 1.0, np.random.default_rng(0))
    assert (sides == 48).all()
    assert soft.std() < 0.7 * sharp.std()


def test_jpeg_loses_more_at_low_quality() -> None:
    face = faces(1)[0].astype(np.uint8)
    low, high = (np.abs(jpeg(face, q).astype(int) - face).mean() for q in (10, 95))
    assert low > 3 * high > 0
