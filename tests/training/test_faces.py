import pickle

import numpy as np

from ekspresi.datasets import lazy_images
from ekspresi.datasets.lazy_images import read_blocks
from ekspresi.training.faces import TrainingFaces, stack_faces
from tests.support.fake_faces import texture
from tests.support.lazy_sets import CountedSource, hold_nothing

PICTURES = [texture(seed, 40 + seed % 9, 48) for seed in range(60)]
CHOSEN = np.array([50, 3, 3, 17, 0, 59])


def test_training_faces_of_lazy_images_are_equal(monkeypatch):
    held = TrainingFaces(PICTURES, CHOSEN, side=32)
    np.testing.assert_array_equal(held[:], stack_faces(PICTURES, CHOSEN, 32))
    hold_nothing(monkeypatch)
    source = CountedSource(PICTURES)
    images = read_blocks(source)[0]
    lazy = TrainingFaces(images, CHOSEN, side=32)
    assert source.decoded == 60 and len(lazy) == len(held) == 6
    for part in (np.array([5, 0, 0, 2]), slice(1, 4), slice(4, 99)):
        np.testing.assert_array_equal(lazy[part], held[part])
    assert source.alive_bytes == 0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy))[:2], held[:2])


def test_training_faces_of_lazy_images_are_held_where_they_fit(monkeypatch):
    hold_nothing(monkeypatch)
    source = CountedSource(PICTURES)
    images = read_blocks(source)[0]
    for limit, decoded in ((6 * 32 * 32, 0), (6 * 32 * 32 - 1, 2)):
        monkeypatch.setattr(lazy_images, "LARGEST_IN_MEMORY", limit)
        faces = TrainingFaces(images, CHOSEN, side=32)
        before = source.decoded
        assert faces[2:4].shape == (2, 32, 32)
        assert source.decoded - before == decoded


def test_stack_faces_reads_neighbors_together(monkeypatch):
    hold_nothing(monkeypatch)
    source = CountedSource(PICTURES, rows_a_block=10)
    images = read_blocks(source)[0]
    images._cache()._max_bytes = 1  # one block
    source.loaded = 0
    order = np.random.default_rng(0).permutation(60)
    np.testing.assert_array_equal(stack_faces(images, order, 48)[3], stack_faces(PICTURES, order[3:4], 48)[0])
    assert source.loaded == 6
