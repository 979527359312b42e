"""From made-up answers to figures, comparisons and sentences, each of which can be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.splits import half_of, make_split
from ekspresi.errors import ConfigError
from ekspresi.study.comparison import Comparison, compare_arms
from ekspresi.study.config import StudyConfig
from ekspresi.study.findings import Study, findings, recall, select_oversampled
from ekspresi.study.jobs import locate_job
from ekspresi.study.plan import ArmJob, plan_arm_jobs, plan_trials, select_rates
from ekspresi.study.results import ArmResult, Pooled, summarize_arm, summarize_trials

RATES = {("rmsprop", 0): 1e-3, ("rmsprop", 1): 2e-4, ("adam", 0): 1e-3, ("adam", 1): 1e-3}


def jobs_of(planned: list[ArmJob], arm: str, protocol: str) -> list[ArmJob]:
    return [each for each in planned if (each.arm.name, each.protocol) == (arm, protocol)]


def test_the_rate_of_a_fold_was_tried_without_its_people(
    study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path
) -> None:
    tried = plan_trials(study)
    assert len(tried) == 2 * 2 * 2  # optimizers, halves, rates
    assert {trial.job.config.epochs for trial in tried} == {8}  # 3 of 8 folds: as many steps as 3 epochs of an arm
    for trial in tried:
        best = {("rmsprop", 0): 1e-3, ("rmsprop", 1): 2e-4}.get((trial.optimizer, trial.half), 5e-3)
        write(trial.job, tmp_path, val_nll=0.5 if trial.rate == best else 0.9)
    rates = select_rates(study, tried, tmp_path)
    assert rates == {("rmsprop", 0): 1e-3, ("rmsprop", 1): 2e-4, ("adam", 0): 5e-3, ("adam", 1): 5e-3}
    lines = summarize_trials(tried, rates, tmp_path)
    assert len(lines) == 8 and sum(line.chosen for line in lines) == 4
    for each in plan_arm_jobs(study, rates):
        config = each.job.config
        if each.arm.rate_given:
            assert config.learning_rate == 3e-4
            continue
        assert config.learning_rate == rates[config.optimizer, half_of(each.fold)]
        if each.protocol == "subject-10fold":
            test = make_split(dataset, "subject-10fold", each.fold).test
            seen = make_split(dataset, "subject-halves", half_of(each.fold))
            assert not set(dataset.subjects[test]) & set(dataset.subjects[seen.train])
            assert not set(dataset.subjects[test]) & set(dataset.subjects[seen.validation])


def test_jobs_have_names_of_their_own_and_ask_for_the_other_data_once(study: StudyConfig) -> None:
    from dataclasses import replace

    planned = plan_arm_jobs(replace(study, other_data="ferplus:x"), RATES)
    names = [each.job.name for each in planned]
    assert len(set(names)) == len(names) == 10 + 1 + 10 + 1 + 10
    assert [each.job.name for each in planned if each.job.other_data] == [
        f"{arm.name}/subject-10fold-seed0-fold0" for arm in study.arms
    ]


def test_an_arm_without_a_rate_is_not_planned(study: StudyConfig) -> None:
    planned = plan_arm_jobs(study, {("rmsprop", 0): 1e-3, ("rmsprop", 1): 1e-3})
    assert {each.arm.name for each in planned} == {"rmsprop", "no-oversampling"}


@pytest.fixture
def figures(study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path) -> Study:
    """rmsprop is always right at 48 px; adam misses the third frame of everybody; the third arm misses all fear."""

    def third_frame(index: int, size: int) -> bool:
        return size == 48 and index % 3 == 2

    def fear(index: int, size: int) -> bool:
        return size == 48 and dataset.targets[index] == 2

    wrong = {"rmsprop": lambda index, size: size == 8, "adam": third_frame, "no-oversampling": fear}
    planned = plan_arm_jobs(study, RATES)
    for each in planned:
        write(each.job, tmp_path, wrong=wrong[each.arm.name], seconds=7.0)
    arms: list[ArmResult] = []
    compared: list[tuple[object, Pooled]] = []
    for arm in study.arms:
        for protocol in arm.protocols:
            result, pooled = summarize_arm(arm, protocol, jobs_of(planned, arm.name, protocol), 0, dataset, tmp_path)
            arms.append(result)
            if protocol == "subject-10fold":
                compared.append((arm, pooled))
    return Study(tuple(arms), compare_arms(compared, dataset), (), {}, {}, {}, False)  # type: ignore[arg-type]


def test_folds_are_pooled_before_anything_is_counted(figures: Study, dataset: FaceDataset) -> None:
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


def test_only_arms_that_differ_in_one_key_are_compared(figures: Study) -> None:
    found = {(each.key, each.first, each.second, each.size_px): each for each in figures.comparisons}
    assert set(found) == {
        (key, "rmsprop", other, size)
        for key, other in (("optimizer", "adam"), ("oversampling", "no-oversampling"))
        for size in (48, 16)
    }
    plain = found["oversampling", "rmsprop", "no-oversampling", 48]
    assert (plain.n, plain.only_first, plain.only_second) == (80, 20, 0)
    assert plain.p == pytest.approx(2 / 2**20) and plain.p_corrected == pytest.approx(4 / 2**20)
    assert plain.difference == 0.25
    assert found["optimizer", "rmsprop", "adam", 48].p == 1.0
    assert [arm.arm for arm in select_oversampled(figures)] == ["no-oversampling", "rmsprop"]


def test_the_sentences_say_what_the_figures_say(figures: Study) -> None:
    text = "\n".join(findings(figures))
    assert "no-oversampling did best over all face sizes; at 48 px accuracy 75.0 %" in text
    assert "Two optimizers at 48 px: the difference is not significant." in text
    assert "Two ways of oversampling at 48 px: rmsprop beats no-oversampling by 25.0 points (p < 0.001)." in text
    assert "fear 0 → 100 %" in text and "contempt 100 → 100 %" in text
    assert "no-oversampling: 48 px 75.0 %, 32 px 100.0 %" in text
    assert "quick" not in text


def test_several_seeds_pool_but_only_the_first_is_compared(dataset: FaceDataset, study: StudyConfig) -> None:
    from dataclasses import replace

    from ekspresi.imaging.degradations import SIZES_PX

    everyone = np.arange(len(dataset))
    right = np.eye(4)[dataset.targets] * 0.6 + 0.1
    wrong = np.eye(4)[(dataset.targets + 1) % 4] * 0.6 + 0.1
    pooled = Pooled(
        np.concatenate([everyone, everyone]),
        np.repeat([3, 8], len(dataset)),
        np.stack([np.concatenate([right, wrong])] * len(SIZES_PX)),
    )
    other = replace(pooled, probabilities=np.stack([np.concatenate([wrong, right])] * len(SIZES_PX)))
    one, two = (replace(arm, seeds=(3, 8)) for arm in study.arms[:2])
    each = compare_arms([(one, pooled), (two, other)], dataset)[0]
    assert (each.n, each.only_first, each.only_second) == (80, 80, 0)


def test_damaged_answers_and_other_data_are_told(
    study: StudyConfig, dataset: FaceDataset, write, tmp_path: Path
) -> None:
    from dataclasses import replace

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


def test_a_difference_that_no_test_could_tell_is_said_so() -> None:
    each = Comparison("optimizer", "a", "b", 48, 80, 1, 2, 1.0, 1.0, None)
    text = " ".join(findings(Study((), (each,), (), {}, {}, {}, False)))
    assert "too much alike" in text
