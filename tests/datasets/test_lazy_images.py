import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets import lazy_images
from ekspresi.datasets.cache import select
from ekspresi.datasets.dataset import FaceDataset, start_fingerprint
from ekspresi.datasets.lazy_images import LazyImages, digest, digests_of, read_blocks, shapes_of
from ekspresi.errors import DatasetError, ImageError
from tests.support.fake_faces import texture
from tests.support.lazy_sets import CountedSource, hold_nothing, lazy_copy

PICTURES = [texture(seed, 40 + seed % 3, 48) for seed in range(50)]


def dataset_of(images):
    n = len(images)
    votes = np.eye(2, dtype=np.float32)[np.arange(n) % 2]
    return FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], np.array([f"{k}.png" for k in range(n)]))


@pytest.fixture
def lazy(monkeypatch):
    return lazy_copy(dataset_of(PICTURES), monkeypatch)


def test_lazy_images_are_those_of_the_source(lazy):
    images = lazy[0].images
    assert len(images) == 50
    for k in (0, 17, 49, -1):
        np.testing.assert_array_equal(images[k], PICTURES[k])
    assert [np.array_equal(a, b) for a, b in zip(images, PICTURES, strict=True)] == [True] * 50
    with pytest.raises(IndexError):
        images[50]


def test_lazy_dataset_has_the_facts_of_the_eager_one(lazy):
    dataset, source = lazy
    eager = dataset_of(PICTURES)
    assert dataset.fingerprint == eager.fingerprint
    np.testing.assert_array_equal(dataset.shapes, eager.shapes)
    np.testing.assert_array_equal(dataset.digests, eager.digests)
    assert source.decoded == 50  # one pass found all of it


def test_fingerprint_changes_with_votes_and_names(lazy):
    dataset = lazy[0]
    for other in (replace(dataset, votes=dataset.votes * 2), replace(dataset, names=dataset.names[::-1])):
        assert other.fingerprint != dataset.fingerprint
        assert other.fingerprint == replace(other, images=PICTURES).fingerprint


def test_read_blocks_leaves_out_unreadable_pictures(monkeypatch):
    hold_nothing(monkeypatch)
    source = CountedSource(PICTURES)
    source.items[3] = source.items[20] = b""
    eager = dataset_of(PICTURES)
    images, rows, skipped = read_blocks(source, start_fingerprint(eager.labels, eager.names, eager.votes))
    assert skipped == ["row 3: is empty.", "row 20: is empty."]
    assert rows.tolist() == [k for k in range(50) if k not in (3, 20)]
    np.testing.assert_array_equal(images[3], PICTURES[4])
    kept = [PICTURES[k] for k in rows]
    assert replace(dataset_of(kept), images=images).fingerprint == dataset_of(kept).fingerprint


def test_read_blocks_holds_small_sets_as_lists():
    source = CountedSource(PICTURES)
    images, rows, skipped = read_blocks(source)
    assert isinstance(images, list) and len(images) == len(rows) == 50 and skipped == []
    assert source.decoded == 50


def test_read_blocks_decides_by_the_bytes_of_all_pictures(monkeypatch):
    monkeypatch.setattr(lazy_images, "_SAMPLE", 1)
    large_first = [np.zeros((480, 480), np.uint8), *[np.zeros((4, 4), np.uint8)] * 40]
    monkeypatch.setattr(lazy_images, "LARGEST_IN_MEMORY", 480 * 480 + 40 * 16)
    assert isinstance(read_blocks(CountedSource(large_first))[0], list)  # though its estimate is 40 times that
    monkeypatch.setattr(lazy_images, "LARGEST_IN_MEMORY", 480 * 480 + 40 * 16 - 1)
    assert isinstance(read_blocks(CountedSource(large_first))[0], LazyImages)


def test_read_blocks_of_a_large_set_holds_few_pictures(monkeypatch):
    monkeypatch.setattr(lazy_images, "_SAMPLE", 5)
    monkeypatch.setattr(lazy_images, "LARGEST_IN_MEMORY", 20_000)
    source = CountedSource(PICTURES)
    read_blocks(source)
    assert source.most_alive_bytes < 20_000 < sum(image.nbytes for image in PICTURES)


def test_picture_changed_since_it_was_read_is_refused(lazy):
    dataset, source = lazy
    source.items[5], source.items[6] = source.items[6], b""
    with pytest.raises(
        DatasetError, match=r"^picture 5 of the data set: was changed since it was read\. Start again\.$"
    ):
        dataset.images[5]
    with pytest.raises(ImageError, match="row 6: is empty"):
        dataset.images[6]


def test_select_makes_views_without_decoding(lazy):
    dataset, source = lazy
    before = source.decoded
    view = select(select(dataset.images, np.array([9, 4, 30])), np.array([2, 0]))
    part = dataset.images[10:40:10]
    np.testing.assert_array_equal(shapes_of(view), [[40, 48], [40, 48]])
    assert digests_of(view).tolist() == [digest(PICTURES[30]), digest(PICTURES[9])]
    assert source.decoded == before
    np.testing.assert_array_equal(view[1], PICTURES[9])
    np.testing.assert_array_equal(part[1], PICTURES[20])
    assert view.whole is part.whole is dataset.images and view.positions.tolist() == [30, 9]


def test_lazy_images_can_be_pickled(lazy):
    images = lazy[0].images
    assert images[0].size and images.cached_bytes > 0
    copy, view = pickle.loads(pickle.dumps((images, images[5:9])))
    assert copy.cached_bytes == 0 and view.whole is copy
    np.testing.assert_array_equal(copy[7], PICTURES[7])
    np.testing.assert_array_equal(view[2], PICTURES[7])


def test_threads_share_lazy_images(lazy):
    images = lazy[0].images
    order = np.random.default_rng(0).integers(0, 50, 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        for k, image in zip(order, pool.map(images.__getitem__, order), strict=True):
            np.testing.assert_array_equal(image, PICTURES[k])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_child_waits_for_no_lock_of_the_parent(lazy):
    images = lazy[0].images
    with images._cache()._lock:  # as if another thread of the parent were reading
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(images[7], PICTURES[7]) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_cache_of_lazy_images_is_bounded(monkeypatch, lazy):
    source = CountedSource(PICTURES, rows_a_block=4)
    hold_nothing(monkeypatch)
    images = read_blocks(source)[0]
    limit = 20_000
    images._cache()._max_bytes = limit
    assert sum(map(len, source.items)) > 2 * limit
    for _ in range(2):
        for image in images:
            assert image.size and images.cached_bytes <= limit
    loaded = source.loaded
    images[49], images[48], images[49]
    assert source.loaded == loaded  # what was read last is kept


def test_digests_of_differ_by_shape():
    wide, high = np.zeros((2, 8), np.uint8), np.zeros((4, 4), np.uint8)
    assert len(set(digests_of([wide, high, wide]).tolist())) == 2
    assert digests_of(np.zeros((0, 4, 4), np.uint8)).shape == (0,)


def test_digest_that_ends_with_a_zero_is_found_again():
    # Type S16 drops zeros at the end, so a digest that ends with one must be compared without it.
    pixels = (np.full((1, 2), k, np.uint8) for k in range(256))
    wide = (np.frombuffer(k.to_bytes(2), np.uint8).reshape(1, 2) for k in range(4000))
    ends = next(image for image in (*pixels, *wide) if len(digest(image)) < 16)
    assert digests_of([ends])[0] == digest(ends)
