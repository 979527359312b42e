import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.leakage import audit_datasets, audit_splits
from ekspresi.datasets.registry import read
from tests.support.fake_faces import texture, write_ckplus48


def dataset_of(images, subjects=None, sequences=None, path="x"):
    n = len(images)
    return FaceDataset(
        name="folder",
        path=path,
        labels=("anger", "fear"),
        images=images,
        votes=np.eye(2, dtype=np.float32)[np.arange(n) % 2],
        other_votes=np.zeros((n, 0), dtype=np.float32),
        names=np.array([f"{path}{k}" for k in range(n)]),
        subjects=subjects,
        sequences=sequences,
    )


def counts(leaks):
    return {(leak.split, leak.other, leak.reason): leak.faces for leak in leaks if leak.faces}


def test_each_reason_is_counted_once_and_named():
    a, b, c = texture(1), texture(2), texture(3)
    darker = (b * 0.7).astype(np.uint8)
    images = np.stack([a, b, c, texture(4), a, darker, c[:, ::-1], texture(5)])
    leaks = audit_splits(dataset_of(images), {"train": np.arange(4), "test": np.arange(4, 8)})
    assert counts(leaks) == {
        ("test", "train", "exact"): 1,
        ("test", "train", "near"): 1,
        ("test", "train", "mirrored"): 1,
    }
    assert leaks[0].examples == (("x4", "x0"),)
    assert leaks[0].share == 0.25


def test_a_face_with_an_exact_copy_is_not_counted_as_near():
    a = texture(1)
    images = np.stack([a, (a * 0.7).astype(np.uint8), a])
    leaks = audit_splits(dataset_of(images), {"train": np.array([0, 1]), "test": np.array([2])})
    assert counts(leaks) == {("test", "train", "exact"): 1}


def test_two_people_who_look_alike_are_no_leak():
    a = texture(1)
    images = np.stack([a, (a * 0.7).astype(np.uint8), a])
    people = np.array(["ann", "bob", "cid"])
    leaks = audit_splits(dataset_of(images, people), {"train": np.array([0]), "test": np.array([1, 2])})
    assert counts(leaks) == {("test", "train", "exact"): 1}


def test_subjects_and_sequences_across_three_sides():
    images = np.stack([texture(k) for k in range(6)])
    people = np.array(["a", "b", "a", "c", "c", "d"])
    clips = np.array(["a1", "b1", "a2", "c1", "c1", "d1"])
    sides = {"train": np.array([0, 1]), "validation": np.array([2, 3]), "test": np.array([4, 5])}
    assert counts(audit_splits(dataset_of(images, people, clips), sides)) == {
        ("validation", "train", "subject"): 1,
        ("test", "validation", "subject"): 1,
        ("test", "validation", "sequence"): 1,
    }


def test_two_data_sets_in_both_directions():
    one = dataset_of(np.stack([texture(k) for k in range(3)]), path="one")
    two = dataset_of(np.stack([texture(2), texture(2), texture(9), texture(8)]), path="two")
    leaks = audit_datasets(one, two)
    assert counts(leaks) == {
        ("folder:two", "folder:one", "exact"): 2,
        ("folder:one", "folder:two", "exact"): 1,
    }
    assert {leak.total for leak in leaks} == {3, 4}


@pytest.mark.parametrize(
    ("names", "near"),
    [
        (("ann", "bob"), 0),  # bob is known as bob, so he is not the ann he looks like
        (("ann", "ann"), 1),
        (("cid", "dan"), 1),  # other names altogether: they cannot tell people apart
    ],
)
def test_two_data_sets_with_people_who_look_alike(names, near):
    one = dataset_of(np.stack([texture(1), texture(2)]), np.array(["ann", "bob"]), path="one")
    alike = (texture(1) * 0.7).astype(np.uint8)
    two = dataset_of(np.stack([texture(9), alike]), np.array(names), path="two")
    found = counts(audit_datasets(one, two))
    assert found.get(("folder:two", "folder:one", "near"), 0) == near
    assert found.get(("folder:one", "folder:two", "near"), 0) == near


def test_frames_of_a_sequence_are_found(tmp_path):
    dataset = read(f"ckplus48:{write_ckplus48(tmp_path)}")
    frames = np.arange(len(dataset))
    leaks = counts(audit_splits(dataset, {"train": frames[::3], "test": frames[1::3]}))
    assert leaks[("test", "train", "sequence")] == 21
    assert leaks[("test", "train", "near")] == 21


@pytest.mark.parametrize("side", ["train", "test"])
def test_empty_sides_are_left_out(side):
    dataset = dataset_of(np.stack([texture(1), texture(2)]))
    sides = {"train": np.array([0]), "test": np.array([1])} | {side: np.zeros(0, dtype=np.int64)}
    assert audit_splits(dataset, sides) == []
