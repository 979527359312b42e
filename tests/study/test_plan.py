"""The jobs of a study, of a made-up one and of those that ship."""

from dataclasses import replace
from pathlib import Path

import pytest

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.splits import half_of, make_split
from ekspresi.study.config import StudyConfig, load_study
from ekspresi.study.plan import plan_arm_jobs, plan_trials, select_rates
from ekspresi.study.results import summarize_trials
from tests.support.made_up_study import RATES

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("study-*.toml"))


def test_select_rates_uses_trials_without_the_folds_people(
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


def test_plan_arm_jobs_names_differ_and_other_data_come_once(study: StudyConfig) -> None:
    planned = plan_arm_jobs(replace(study, other_data="ferplus:x"), RATES)
    names = [each.job.name for each in planned]
    assert len(set(names)) == len(names) == 10 + 1 + 10 + 1 + 10
    assert [each.job.name for each in planned if each.job.other_data] == [
        f"{arm.name}/subject-10fold-seed0-fold0" for arm in study.arms
    ]


def test_plan_arm_jobs_leaves_out_arms_without_a_rate(study: StudyConfig) -> None:
    planned = plan_arm_jobs(study, {("rmsprop", 0): 1e-3, ("rmsprop", 1): 1e-3})
    assert {each.arm.name for each in planned} == {"rmsprop", "no-oversampling"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_study_loads_and_its_quick_form_is_small(path: Path) -> None:
    study = load_study(path)
    assert {"adam", "sgd", "rmsprop"} <= set(study.rates)
    assert {arm.config.oversampling for arm in study.arms} >= {"none", "balanced"}
    quick = load_study(path, quick=True)
    rates = {(name, half): each[0] for name, each in quick.rates.items() for half in (0, 1)}
    assert not plan_trials(quick)
    assert len(plan_arm_jobs(quick, rates)) <= 4 * len(quick.arms)


def test_shipped_studies_are_two() -> None:
    assert len(CONFIGS) == 2
