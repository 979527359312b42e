"""From made-up answers to figures, each of which can be counted by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import ConfigError
from ekspresi.study.config import StudyConfig
from ekspresi.study.findings import Study, recall
from ekspresi.study.jobs import locate_job
from ekspresi.study.plan import plan_arm_jobs
from ekspresi.study.results import pool_answers, summarize_arm
from tests.support.made_up_study import RATES, jobs_of


def test_summarize_arm_pools_folds_before_counting(figures: Study, dataset: FaceDataset) -> None:
    rmsprop, leaky, adam, _, plain = figures.arms
    assert (rmsprop.image.by_size[0].scores.n, leaky.image.by_size[0].scores.n) == (240, 24)
    assert rmsprop.image.at(48).scores.accuracy.value == 1.0 and rmsprop.image.at(8).scores.accuracy.value == 0.0
    assert adam.image.at(48).scores.accuracy.value == pytest.approx(2 / 3)
    assert adam.sequence is not None and adam.sequence.at(48).scores.n == 80
    assert adam.sequence.at(48).scores.accuracy.value == 1.0  # two frames of three are right
    assert plain.image.at(48).scores.accuracy.value == pytest.approx(0.75)
    assert recall(plain.image, "fear", 48) == 0.0 and recall(plain.image, "fear", 16) == 1.0
    assert rmsprop.image.at(48).scores.clusters == 20  # intervals resample people
    assert rmsprop.seconds == 70.0 and rmsprop.rates == (2e-4, 1e-3)
    np.testing.assert_allclose(rmsprop.curve, [[1, 0.5, 0.4], [2, 0.6, 0.5], [3, 0.7, 0.6]])


def test_summarize_arm_of_damaged_or_other_data_raises(
    study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path
) -> None:
    planned = jobs_of(plan_arm_jobs(study, RATES), "adam", "paper-split")
    for each in planned:
        write(each.job, tmp_path)
    other = replace(dataset, names=np.array([f"x{name}" for name in dataset.names.tolist()]))
    with pytest.raises(ConfigError, match="trained on other data"):
        summarize_arm(study.arms[1], "paper-split", planned, 0, other, tmp_path)
    answers = locate_job(planned[0].job, tmp_path) / "answers.npz"
    answers.write_bytes(answers.read_bytes()[:100])
    with pytest.raises(ConfigError, match=r"answers\.npz: is missing or damaged\. Remove"):
        summarize_arm(study.arms[1], "paper-split", planned, 0, dataset, tmp_path)


def test_pool_answers_sorts_by_seed_and_face(study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path) -> None:
    arm = replace(study.arms[0], seeds=(4, 1))
    planned = jobs_of(plan_arm_jobs(replace(study, arms=(arm,)), RATES), "rmsprop", "subject-10fold")
    for each in planned:
        write(each.job, tmp_path)
    pooled = pool_answers(planned, tmp_path)
    assert pooled.seeds.tolist() == [1] * len(dataset) + [4] * len(dataset)
    assert pooled.indices.tolist() == [*range(len(dataset))] * 2
    np.testing.assert_allclose(pooled.probabilities.sum(axis=-1), 1, rtol=1e-12)
