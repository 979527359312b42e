import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets.duplicates import find_duplicates, first_of_copies
from tests.support.fake_faces import texture

ORIGINALS = np.stack([texture(seed) for seed in range(40)])


def as_list(pairs):
    return list(zip(pairs.queries.tolist(), pairs.references.tolist(), pairs.kinds.tolist(), strict=True))


def changed(image):
    """Darker, less contrast, shifted by a pixel, noisy."""
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(np.roll(image, (1, -1), (0, 1)) * 0.6 + 20 + noise, 0, 255).astype(np.uint8)


def test_finds_each_kind_and_nothing_else():
    queries = np.stack([ORIGINALS[3], changed(ORIGINALS[7]), ORIGINALS[11, :, ::-1], texture(900), texture(901)])
    pairs = find_duplicates(queries, ORIGINALS)
    assert as_list(pairs) == [(0, 3, "exact"), (1, 7, "near"), (2, 11, "mirrored")]
    assert pairs.scores[0] == 1.0
    assert 0.8 <= pairs.scores[1] < 1.0
    assert pairs.scores[2] == pytest.approx(1.0, abs=1e-4)
    assert as_list(pairs.of("near", "mirrored")) == [(1, 7, "near"), (2, 11, "mirrored")]


def test_every_pair_is_named_once():
    images = np.stack([texture(1), texture(2), changed(texture(2))])
    assert as_list(find_duplicates(images, images[[0, 0, 1]])) == [
        (0, 0, "exact"),
        (0, 1, "exact"),
        (1, 2, "exact"),
        (2, 2, "near"),
    ]


def test_sizes_may_differ():
    small = np.asarray(Image.fromarray(ORIGINALS[5]).resize((32, 32), Image.Resampling.LANCZOS))
    large = np.asarray(Image.fromarray(ORIGINALS[6]).resize((100, 100), Image.Resampling.BICUBIC))
    pairs = find_duplicates([small, large, texture(77, 60, 50)], ORIGINALS)
    assert as_list(pairs) == [(0, 5, "near"), (1, 6, "near")]


def test_flat_pictures_are_alike_only_byte_for_byte():
    flat = np.stack([np.full((48, 48), level, dtype=np.uint8) for level in (0, 200)])
    assert as_list(find_duplicates(flat, flat)) == [(0, 0, "exact"), (1, 1, "exact")]


def test_the_same_bytes_in_another_shape_are_no_copy():
    wide, high = texture(1, 24, 48), texture(1, 24, 48).reshape(48, 24)
    assert len(find_duplicates([wide], [high]).of("exact")) == 0
    assert first_of_copies([wide, high, wide]).tolist() == [True, True, False]


def test_empty_sets():
    assert len(find_duplicates(ORIGINALS[:0], ORIGINALS)) == 0
    assert len(find_duplicates(ORIGINALS, [])) == 0
    assert find_duplicates([], []).queries.dtype == np.int64


def test_blocks_do_not_change_the_answer(monkeypatch):
    queries = np.concatenate([ORIGINALS[::-1], [changed(ORIGINALS[0])]])
    whole = as_list(find_duplicates(queries, ORIGINALS))
    monkeypatch.setattr("ekspresi.datasets.duplicates._BLOCK_QUERIES", 7)
    monkeypatch.setattr("ekspresi.datasets.duplicates._BLOCK_REFERENCES", 9)
    assert as_list(find_duplicates(queries, ORIGINALS)) == whole
    assert len(whole) == 41


def test_agrees_with_a_plain_computation():
    """The blocked products and window sums against SciPy's filter and a loop over the shifts."""
    from scipy.ndimage import gaussian_filter

    def band(image):
        x = image.astype(float)
        x = gaussian_filter(x, 1) - gaussian_filter(x, 4)
        return x.reshape(24, 2, 24, 2).mean((1, 3))

    def unit(x):
        x = x - x.mean()
        return x / np.linalg.norm(x)

    a, b = ORIGINALS[9], changed(ORIGINALS[9])
    center = unit(band(a)[3:-3, 3:-3])
    best = max((center * unit(band(b)[y : y + 18, x : x + 18])).sum() for y in range(7) for x in range(7))
    assert find_duplicates([a], [b]).scores[0] == pytest.approx(best, abs=1e-3)
