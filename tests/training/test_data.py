from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.training.augmentation import erase
from ekspresi.training.config import load_config
from ekspresi.training.data import (
    TrainingBatches,
    ValidationBatches,
    make_soft_targets,
    make_training_loader,
    make_validation_loader,
    mix_faces,
)
from tests.support.lazy_sets import hold_nothing, lazy_copy


def test_batches_come_from_the_training_side_alone(small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    split = make_split(dataset, "subject-10fold")
    config = load_config(None, {**small, "shift": 0.0, "zoom": 0.0, "rotation": 0.0, "flip": False, "contrast": 0.0})
    config = config.changed(input_px=48, low_res_share=0.0)
    batches = TrainingBatches(dataset, split.train, config)
    drawn = torch.cat([batches[(epoch, batch)][0] for epoch in range(2) for batch in range(len(batches))])
    gray = {np.rint((face.numpy()[0] * 0.25 + 0.5) * 255).astype(np.uint8).tobytes() for face in drawn}
    assert len(gray) > 300
    assert gray <= {dataset.images[i].tobytes() for i in split.train}
    assert not gray & {dataset.images[i].tobytes() for i in np.concatenate([split.validation, split.test])}


def test_random_numbers_depend_on_seed_epoch_and_batch_alone(small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    split = make_split(dataset, "subject-10fold")
    one = TrainingBatches(dataset, split.train, load_config(None, small))
    two = TrainingBatches(dataset, split.train, load_config(None, small))
    two[(4, 1)]
    two[(0, 0)]
    for a, b in zip(one[(1, 1)], two[(1, 1)], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert (one[(1, 1)][0] != one[(2, 1)][0]).any()
    other = TrainingBatches(dataset, split.train, load_config(None, {**small, "seed": 1}))
    assert (one[(1, 1)][0] != other[(1, 1)][0]).any()


def test_oversampling_evens_the_classes_out(ck_tree: Path, small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    rare = np.flatnonzero(dataset.targets == 1)[:6]
    train = np.concatenate([rare, np.flatnonzero(dataset.targets != 1)])
    balanced = TrainingBatches(dataset, train, load_config(None, {**small, "oversampling": "balanced"}))
    counts = np.bincount(balanced.hard[balanced.order(0)], minlength=7)
    assert counts.min() == counts.max() == 60
    plain = TrainingBatches(dataset, train, load_config(None, {**small, "oversampling": "none"}))
    assert np.bincount(plain.hard[plain.order(0)], minlength=7)[1] == 6


def test_the_share_of_low_resolution_rises(small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    config = load_config(None, {**small, "epochs": 30, "low_res_share": 0.6, "low_res_ramp": 0.5})
    batches = TrainingBatches(dataset, np.arange(40), config)
    assert [batches.low_res_share(e) for e in (0, 5, 15, 29)] == pytest.approx([0.0, 0.2, 0.6, 0.6])


def test_votes_become_distributions() -> None:
    votes = np.array([[4, 1, 0], [1, 1, 0], [0, 0, 0], [10, 0, 0]], np.float32)
    others = np.array([[5, 0], [0, 0], [7, 3], [0, 0]], np.float32)
    blank = np.zeros((4, 8, 8), np.uint8)
    dataset = FaceDataset("f", "x", ("a", "b", "c"), blank, votes, others, np.array(list("abcd")))
    targets, weights = make_soft_targets(dataset, np.arange(4))
    np.testing.assert_allclose(targets, [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(weights, [0.5, 1, 0, 1])


def test_validation_sees_each_size_once(small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    split = make_split(dataset, "subject-10fold")
    batches = ValidationBatches(dataset, split.validation, load_config(None, small))
    assert len(batches) == 2
    sharp, coarse = batches[0][0], batches[1][0]
    assert sharp.shape == coarse.shape == (len(split.validation), 1, 32, 32)
    # 24 px enlarged to 32 has less fine detail than 48 px brought to 32
    assert coarse.diff(dim=-1).abs().mean() < sharp.diff(dim=-1).abs().mean()


def test_training_batches_give_teachers_half_of_the_target(small: dict[str, object]) -> None:
    dataset = read(str(small["data"]))
    batches = TrainingBatches(dataset, np.arange(40), load_config(None, small))
    before, (faces, *_) = batches.targets.copy(), batches[0, 0]
    batches.teach(np.full_like(before, 1 / before.shape[1]))
    np.testing.assert_allclose(batches.targets, 0.5 * before + 0.5 / before.shape[1])
    torch.testing.assert_close(batches[0, 0][0], faces, rtol=0, atol=0)


def test_faces_are_hidden_in_part_and_blended_in_pairs(small: dict[str, object]) -> None:
    faces = np.full((400, 48, 48), 300, np.float32)  # a gray that no rectangle has
    hidden = (erase(faces.copy(), 0.5, np.random.default_rng(0)) != 300).mean(axis=(1, 2))
    assert 0.4 < (hidden > 0).mean() < 0.6
    assert 0.015 < hidden[hidden > 0].min() < 0.05 and 0.2 < hidden.max() < 0.27
    one_hot = np.eye(3, dtype=np.float32)
    values = np.arange(3, dtype=np.float32)
    shapes = np.array([[0, np.nan], [1, 1], [2, 2]], np.float32)
    tensor, targets, weights, octaves, mixed = mix_faces((values[:, None], one_hot, values, values, shapes), 0.25)
    np.testing.assert_allclose(targets, [[0.75, 0, 0.25], [0, 1, 0], [0.25, 0, 0.75]])
    np.testing.assert_allclose(tensor[:, 0], [0.5, 1, 1.5])
    np.testing.assert_allclose(weights, octaves)
    np.testing.assert_allclose(mixed, [[0.5, np.nan], [1, 1], [1.5, np.nan]])
    dataset = read(str(small["data"]))
    batches = TrainingBatches(dataset, np.arange(0, 400, 8), load_config(None, {**small, "mixup": 0.4, "erasing": 0.3}))
    assert int((batches[(0, 0)][1].max(dim=1).values < 1).sum()) > 0 and batches[(0, 0)][0].isfinite().all()


def test_lazy_images_give_the_same_batches_in_workers(
    small: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = read(str(small["data"]))
    lazy, _ = lazy_copy(dataset, monkeypatch)
    config = load_config(None, small)
    train, validation = np.arange(0, len(dataset), 2), np.arange(1, len(dataset), 2)
    held = TrainingBatches(dataset, train, config), ValidationBatches(dataset, validation, config)
    with monkeypatch.context() as patch:
        hold_nothing(patch)
        decoded = TrainingBatches(lazy, train, config), ValidationBatches(lazy, validation, config)
    expected = [*make_training_loader(held[0], lambda: 1, 0), *make_validation_loader(held[1], 0)]
    for workers in (0, 2):
        found = [*make_training_loader(decoded[0], lambda: 1, workers), *make_validation_loader(decoded[1], workers)]
        for one, two in zip(expected, found, strict=True):
            for a, b in zip(one, two, strict=True):
                torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)
