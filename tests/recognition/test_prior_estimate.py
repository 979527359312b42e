"""Check estimates of class priors on made faces whose shares are known."""

import numpy as np
import pytest

from ekspresi.errors import ConfigError
from ekspresi.recognition.prior_estimate import MIN_FACES, estimate_prior

LABELS = ("neutral", "happiness", "anger", "fear")
TRAINED = np.array([0.5, 0.3, 0.15, 0.05])
CENTERS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
CLASS_PRIOR = dict(zip(LABELS, TRAINED.tolist(), strict=True))


def posteriors(shares: np.ndarray, faces: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw faces of known shares; return their labels, and their exact probabilities under the trained prior."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(len(LABELS), faces, p=shares)
    points = CENTERS[targets] + rng.normal(size=(faces, 2))
    joint = TRAINED * np.exp(-0.5 * ((points[:, None] - CENTERS) ** 2).sum(axis=2))
    return targets, joint / joint.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("shares", [(0.25, 0.25, 0.25, 0.25), (0.05, 0.15, 0.2, 0.6), tuple(TRAINED.tolist())])
def test_estimate_prior_interval_holds_the_known_shares(shares: tuple[float, ...]) -> None:
    held = []
    for seed in range(12):
        estimate = estimate_prior(posteriors(np.array(shares), 600, seed)[1], CLASS_PRIOR)
        assert sum(estimate.prior.values()) == pytest.approx(1, abs=1e-3)
        for label, share in zip(LABELS, shares, strict=True):
            held.append(estimate.low[label] <= share <= estimate.high[label])
            assert estimate.prior[label] == pytest.approx(share, abs=0.1)
            assert 0 < estimate.high[label] - estimate.low[label] < 0.25
    assert np.mean(held) >= 0.8  # expected: 0.95; the shares of one draw err together


def test_estimate_prior_counts_better_than_the_mean_answer() -> None:
    shares = np.array([0.05, 0.15, 0.2, 0.6])
    _, probabilities = posteriors(shares, 1000, seed=0)
    estimate = estimate_prior(probabilities, CLASS_PRIOR)
    assert estimate.faces == 1000
    error = np.abs(np.array(list(estimate.prior.values())) - shares).max()
    assert error < 0.25 * np.abs(probabilities.mean(axis=0) - shares).max()


def test_estimate_prior_groups_widen_the_interval() -> None:
    """Each face ten times over is no more evidence than once."""
    _, once = posteriors(np.full(4, 0.25), 100, seed=1)
    often, groups = np.repeat(once, 10, axis=0), np.repeat(np.arange(100), 10)
    alone, grouped, single = (
        estimate_prior(often, CLASS_PRIOR),
        estimate_prior(often, CLASS_PRIOR, groups),
        estimate_prior(once, CLASS_PRIOR),
    )
    for label in LABELS:
        widths = [each.high[label] - each.low[label] for each in (alone, grouped, single)]
        assert widths[1] > 2 * widths[0]
        assert widths[1] == pytest.approx(widths[2], abs=0.03)
        assert grouped.prior[label] == pytest.approx(single.prior[label], abs=0.006)


def test_estimate_prior_absent_label_keeps_half_a_face() -> None:
    _, probabilities = posteriors(np.array([0.5, 0.5, 0.0, 0.0]), 500, seed=2)
    sure = probabilities.round(0) + 1e-9
    assert estimate_prior(sure / sure.sum(axis=1, keepdims=True), CLASS_PRIOR).prior["fear"] >= 0.001


def test_estimate_prior_restricted_labels_stay_at_zero() -> None:
    allowed = np.array([1.0, 1.0, 1.0, 0.0])
    _, probabilities = posteriors(np.array([0.2, 0.2, 0.6, 0.0]), 500, seed=3)
    restricted, contained = probabilities * allowed, TRAINED * allowed
    restricted /= restricted.sum(axis=1, keepdims=True)
    prior = dict(zip(LABELS, (contained / contained.sum()).tolist(), strict=True))
    estimate = estimate_prior(restricted, prior)
    assert estimate.prior["fear"] == estimate.high["fear"] == 0
    assert estimate.prior["anger"] == pytest.approx(0.6, abs=0.08)
    assert "fear" not in estimate.describe()


def test_estimate_prior_of_few_faces_or_groups_is_refused() -> None:
    few = np.tile(TRAINED, (MIN_FACES - 1, 1))
    with pytest.raises(ConfigError, match=r"^prior: 49 faces are too few to estimate it\. Use at least 50 faces, or"):
        estimate_prior(few, CLASS_PRIOR)
    with pytest.raises(ConfigError, match="prior: 0 faces"):
        estimate_prior(few[:0], CLASS_PRIOR)
    one_track = np.zeros(500, dtype=int)
    with pytest.raises(ConfigError, match="500 faces in 1 independent group are too few"):
        estimate_prior(np.tile(TRAINED, (500, 1)), CLASS_PRIOR, one_track)


def test_estimate_prior_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(60, 3\) does not fit 4 labels"):
        estimate_prior(np.full((60, 3), 1 / 3), CLASS_PRIOR)
    with pytest.raises(ValueError, match="and 2 groups"):
        estimate_prior(np.tile(TRAINED, (60, 1)), CLASS_PRIOR, ["a", "b"])
