import os
import weakref

import numpy as np
import pytest

from ekspresi.datasets import signatures
from ekspresi.datasets.signatures import SavedSignatures, signatures_of
from ekspresi.errors import OutputError
from tests.datasets.test_lazy_images_equal import faces
from tests.support.lazy_sets import lazy_copy


def assert_equal(found, expected):
    np.testing.assert_array_equal(found.coarse, expected.coarse)
    np.testing.assert_array_equal(found.fine, expected.fine)


def test_signatures_of_lazy_images_are_read_by_positions(monkeypatch):
    monkeypatch.setattr(signatures, "_BLOCK", 16)
    dataset = faces(count=50)
    lazy, source = lazy_copy(dataset, monkeypatch)
    positions = np.array([3, 4, 5, 20, 7, 7, 49, 0])
    found = signatures_of(lazy.images.select(positions))
    expected = signatures_of(dataset.images[positions])
    assert isinstance(found, SavedSignatures) and len(found) == len(expected) == 8
    assert_equal(found.block(0, 100), expected)
    assert_equal(found.block(2, 6), expected.block(2, 6))
    assert_equal(found.block(2, 6).mirrored(), expected.block(2, 6).mirrored())
    before = source.decoded
    signatures_of(lazy.images[5:])  # of the same set: no other pass
    assert source.decoded == before


def test_signatures_leave_no_file_behind(cache, monkeypatch):
    lazy, _ = lazy_copy(faces(count=20), monkeypatch)
    found = signatures_of(lazy.images)
    assert [name for _, _, names in os.walk(cache) for name in names] == []
    file = weakref.ref(found._file)
    del found
    assert file() is not None  # it serves the next comparison
    del lazy
    assert file() is None


def test_signatures_on_a_full_disk_name_the_remedy(monkeypatch):
    lazy, _ = lazy_copy(faces(count=20), monkeypatch)

    def refuse(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signatures.tempfile, "TemporaryFile", refuse)
    with pytest.raises(OutputError, match="the disk is full"):
        signatures_of(lazy.images)


def test_signatures_hold_one_picture_at_a_time(monkeypatch):
    lazy, source = lazy_copy(faces(side=300, count=40), monkeypatch)
    source.most_alive_bytes = 0
    signatures_of(lazy.images)
    assert source.most_alive_bytes <= 2 * 300 * 300


def test_mirrored_signatures_are_those_of_mirrored_pictures():
    images = faces(count=10).images
    mirrored = signatures_of(images).mirrored()
    flipped = signatures_of(np.ascontiguousarray(images[:, :, ::-1]))
    np.testing.assert_allclose(mirrored.coarse, flipped.coarse, atol=1e-5)
    np.testing.assert_allclose(mirrored.fine, flipped.fine, atol=1e-2)
