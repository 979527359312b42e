from dataclasses import replace

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset


def dataset_of(votes, other_votes=None, **fields):
    n = len(votes)
    return FaceDataset(
        name="made",
        path="up",
        labels=("anger", "fear", "sadness"),
        images=np.arange(n * 16, dtype=np.uint8).reshape(n, 4, 4),
        votes=np.array(votes, np.float32),
        other_votes=np.zeros((n, 0), np.float32) if other_votes is None else np.array(other_votes, np.float32),
        names=np.array([f"{k}.png" for k in range(n)]),
        **fields,
    )


@pytest.mark.parametrize(
    ("votes", "others", "target", "majority"),
    [
        ([6, 3, 1], [0], 0, 0),
        ([3, 3, 3], [0], 0, -1),  # a tie: the first label; no majority
        ([1, 1, 0], [0], 0, -1),  # single votes are dropped
        ([0, 5, 3], [2], 1, -1),  # half is no majority
        ([0, 6, 3], [2], 1, 1),
        ([2, 1, 0], [4], -1, -1),  # 'unknown' wins
        ([4, 0, 0], [4], 0, -1),  # a tie with 'unknown': the label comes first
        ([0, 0, 0], [0], -1, -1),
        ([4, 1, 1], [1], 0, 0),  # 4 of 7, but single votes do not count against it
    ],
)
def test_votes_become_targets_by_two_rules(votes, others, target, majority):
    dataset = dataset_of([votes], [others])
    assert dataset.targets.tolist() == [target]
    assert dataset.majority_targets.tolist() == [majority]
    assert dataset.targets.dtype == dataset.majority_targets.dtype == np.int64


def test_majority_targets_one_hot_rows_have_single_votes():
    votes = np.eye(3)
    assert dataset_of(votes).majority_targets.tolist() == [-1, -1, -1]
    assert dataset_of(2 * votes).majority_targets.tolist() == [0, 1, 2]


def test_spec_has_the_options():
    assert dataset_of(np.eye(3)).spec == "made:up"
    assert dataset_of(np.eye(3), options="frames=3&neutral=yes").spec == "made:up?frames=3&neutral=yes"


def test_fingerprint_changes_with_what_is_learned():
    dataset = dataset_of(np.eye(3))
    changed = [
        replace(dataset, labels=("anger", "fear", "surprise")),
        replace(dataset, names=dataset.names[::-1]),
        replace(dataset, votes=dataset.votes * 2),
        replace(dataset, images=dataset.images + np.uint8(1)),
        replace(dataset, images=dataset.images.reshape(3, 2, 8)),
    ]
    assert len({each.fingerprint for each in (dataset, *changed)}) == 6


def test_fingerprint_ignores_people_and_memory_layout():
    dataset = dataset_of(np.eye(3))
    same = [
        replace(dataset, subjects=np.array(["a", "b", "c"]), sequences=np.array(["1", "2", "3"])),
        replace(dataset, official=np.array(["train", "validation", "test"])),
        replace(dataset, path="elsewhere", other_votes=np.ones((3, 2), np.float32)),
        replace(dataset, images=list(dataset.images)),
        replace(dataset, images=np.asfortranarray(dataset.images)),
    ]
    assert {each.fingerprint for each in same} == {dataset.fingerprint}
    assert len(dataset.fingerprint) == 64
