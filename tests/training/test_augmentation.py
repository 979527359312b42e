"""Augmentation is NumPy, so these run with the default tests."""

import numpy as np

from ekspresi.training.augmentation import Geometry, vary_photometry


def gradient(n: int = 64) -> np.ndarray:
    """Faces whose gray value is their column: geometry can be read from the pixels."""
    return np.broadcast_to(np.arange(48, dtype=np.uint8) * 5, (n, 48, 48)).copy()


def test_no_strength_changes_nothing() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    moved = Geometry(0, 0, 0, flip=False)(faces, np.random.default_rng(1))
    np.testing.assert_allclose(moved, faces, atol=1e-3)
    np.testing.assert_allclose(vary_photometry(moved, 0.0, np.random.default_rng(1)), faces, atol=1e-2)


def test_flip_mirrors_about_half_of_the_faces() -> None:
    out = Geometry(0, 0, 0, flip=True)(gradient(400), np.random.default_rng(0))
    mirrored = out[:, 24, 0] > out[:, 24, -1]
    assert 0.4 < mirrored.mean() < 0.6
    np.testing.assert_allclose(out[mirrored][0], gradient(1)[0, :, ::-1], atol=1e-3)


def test_shift_and_zoom_stay_within_their_limits() -> None:
    shifted = Geometry(0.1, 0, 0, flip=False)(gradient(400), np.random.default_rng(0))
    moves = shifted[:, 24, 24] / 5 - 24
    assert 4.3 < np.abs(moves).max() <= 4.81
    zoomed = Geometry(0, 0.25, 0, flip=False)(gradient(400), np.random.default_rng(0))
    slopes = (zoomed[:, 24, 30] - zoomed[:, 24, 18]) / 12 / 5
    assert 0.8 - 1e-3 <= slopes.min() < 0.82 and 1.22 < slopes.max() <= 1.25 + 1e-3


def test_rotation_tilts_the_gradient() -> None:
    turned = Geometry(0, 0, 30, flip=False)(gradient(200), np.random.default_rng(0))
    tilt = (turned[:, 30, 24] - turned[:, 18, 24]) / 12 / 5
    assert 0.45 < np.abs(tilt).max() <= 0.5 + 1e-3  # sine of 30 degrees


def test_photometry_keeps_the_range() -> None:
    out = vary_photometry(gradient().astype(np.float32), 0.9, np.random.default_rng(0))
    assert out.min() >= 0 and out.max() <= 255 and np.isfinite(out).all()
    assert np.ptp(out.mean(axis=(1, 2))) > 30
