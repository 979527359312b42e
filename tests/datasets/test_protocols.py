import subprocess
import sys

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.protocols import PROTOCOLS
from ekspresi.datasets.splits import FOLDS_OF, make_split


@pytest.fixture(scope="module")
def dataset():
    """Thirty people with four faces each, and an official split."""
    n = 120
    return FaceDataset(
        name="made",
        path="up",
        labels=("anger", "fear"),
        images=np.random.default_rng(0).integers(0, 256, (n, 8, 8), dtype=np.uint8),
        votes=np.eye(2, dtype=np.float32)[np.arange(n) % 2],
        other_votes=np.zeros((n, 0), np.float32),
        names=np.array([f"{k}.png" for k in range(n)]),
        official=np.repeat(["train", "validation", "test"], n // 3),
        subjects=np.array([f"S{k // 4}" for k in range(n)]),
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_splits_all_faces(dataset, protocol):
    split = make_split(dataset, protocol)
    assert split.protocol == protocol
    assert sorted(np.concatenate(list(split.by_name.values()))) == list(range(len(dataset)))


def test_protocols_with_folds_are_protocols():
    assert set(FOLDS_OF) <= set(PROTOCOLS)


def test_protocols_load_without_numpy():
    code = "import sys, ekspresi.datasets.protocols; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
