"""A set whose pictures are decoded on access gives what the same set in memory gives."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets import duplicates, lazy_images, signatures
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.duplicates import find_duplicates, first_of_copies
from ekspresi.datasets.leakage import audit_datasets, audit_splits
from ekspresi.datasets.overview import draw_montage, size_counts
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from tests.support.fake_faces import save, texture
from tests.support.lazy_sets import hold_nothing, lazy_copy


def faces(side: int = 48, mixed: bool = False, count: int = 120) -> FaceDataset:
    """Textures with exact, near and mirrored copies over three official splits."""
    images = [texture(k, side + (k % 3 if mixed else 0), side) for k in range(count)]
    for k in range(0, count, 10):
        images[count - 1 - k] = images[k]
        images[count - 2 - k] = (images[k + 1] * 0.7).astype(np.uint8)
        images[count - 3 - k] = np.ascontiguousarray(images[k + 2][:, ::-1])
    return FaceDataset(
        name="fer2013",
        path="x",
        labels=("anger", "fear"),
        images=images if mixed else np.stack(images),
        votes=10 * np.eye(2, dtype=np.float32)[np.arange(count) % 2],
        other_votes=np.zeros((count, 0), np.float32),
        names=np.array([f"{k}.png" for k in range(count)]),
        official=np.random.default_rng(0).permutation(np.resize(["train", "test", "validation"], count)),
    )


@pytest.mark.parametrize(("side", "mixed"), [(48, False), (30, False), (56, True)])
def test_duplicates_of_lazy_images_are_equal(monkeypatch, side, mixed):
    monkeypatch.setattr(duplicates, "_BLOCK_QUERIES", 7)
    monkeypatch.setattr(duplicates, "_BLOCK_REFERENCES", 32)
    monkeypatch.setattr(duplicates, "_QUERIES_IN_MEMORY", 21)
    monkeypatch.setattr(signatures, "_BLOCK", 16)
    dataset = faces(side, mixed)
    lazy, source = lazy_copy(dataset, monkeypatch)
    pairs = find_duplicates(dataset.images, dataset.images)
    assert {len(pairs.of(kind)) > 0 for kind in duplicates.KINDS} == {True}
    for queries, references in ((lazy.images, lazy.images), (lazy.images, dataset.images)):
        found = find_duplicates(queries, references)
        for name in ("queries", "references", "kinds", "scores"):
            np.testing.assert_array_equal(getattr(found, name), getattr(pairs, name))
    np.testing.assert_array_equal(first_of_copies(lazy.images), first_of_copies(dataset.images))
    assert source.decoded == 2 * len(dataset)  # once to read, once for the signatures


def test_splits_and_leaks_of_lazy_images_are_equal(tmp_path, monkeypatch):
    dataset = faces()
    lazy, _ = lazy_copy(dataset, monkeypatch)
    official = {name: np.flatnonzero(dataset.official == name) for name in ("train", "validation", "test")}
    expected = audit_splits(dataset, official)
    assert sum(leak.faces for leak in expected) > 10
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # the second audit may not load what the first one saved
    assert audit_splits(lazy, official) == expected
    assert audit_datasets(lazy, replace(dataset, path="y")) == audit_datasets(dataset, replace(dataset, path="y"))
    for protocol in ("official", "paper-split"):
        for one, two in zip(*(make_split(d, protocol).by_name.values() for d in (dataset, lazy)), strict=True):
            np.testing.assert_array_equal(one, two)
            assert one.dtype == two.dtype
    assert len(make_split(lazy, "official").train) < len(official["train"])


def test_overview_of_lazy_images_is_equal(tmp_path, monkeypatch):
    dataset = faces(mixed=True)
    lazy, source = lazy_copy(dataset, monkeypatch)
    assert size_counts(lazy).most_common() == size_counts(dataset).most_common()
    assert source.decoded == len(dataset)
    for name, each in (("eager", dataset), ("lazy", lazy)):
        draw_montage(each, tmp_path / f"{name}.png", columns=4)
    assert (tmp_path / "eager.png").read_bytes() == (tmp_path / "lazy.png").read_bytes()
    assert source.decoded == len(dataset) + 8


def test_read_of_a_large_folder_is_equal(tmp_path, monkeypatch):
    for k in range(30):
        save(texture(k, 40 + k % 2), tmp_path / ("happy", "sad")[k % 2] / "below" / f"{k}.png")
    (tmp_path / "sad" / "broken.png").write_text("text")
    (tmp_path / "subjects.csv").write_text(
        "file,subject\n" + "".join(f"{('happy', 'sad')[k % 2]}/below/{k}.png,S{k // 3}\n" for k in range(30))
    )
    eager = read(f"folder:{tmp_path}")
    hold_nothing(monkeypatch)
    lazy = read(f"folder:{tmp_path}")
    assert isinstance(lazy.images, lazy_images.LazyImages) and not isinstance(eager.images, lazy_images.LazyImages)
    assert lazy.fingerprint == eager.fingerprint and lazy.skipped == eager.skipped and len(lazy.skipped) == 1
    for name in ("names", "votes", "subjects", "targets", "shapes", "digests"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(eager, name))
    for one, two in zip(lazy.images, eager.images, strict=True):
        np.testing.assert_array_equal(one, two)
    Image.fromarray(texture(99)).save(tmp_path / "sad" / "below" / "1.png")
    with pytest.raises(Exception, match="was changed since it was read"):
        list(lazy.images)


def test_read_of_a_large_parquet_file_is_equal(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    from ekspresi.datasets.parquet_files import write_dataset

    dataset = faces(mixed=True, count=600)  # three row groups
    write_dataset(dataset, tmp_path / "x.parquet")
    eager = read(f"parquet:{tmp_path / 'x.parquet'}")
    hold_nothing(monkeypatch)
    lazy = read(f"parquet:{tmp_path / 'x.parquet'}")
    assert isinstance(lazy.images, lazy_images.LazyImages) and isinstance(eager.images, list)
    assert lazy.fingerprint == eager.fingerprint == dataset.fingerprint
    for name in ("names", "votes", "official", "targets", "shapes", "digests"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(eager, name))
    for k in (599, 0, 300, 5):
        np.testing.assert_array_equal(lazy.images[k], dataset.images[k])
