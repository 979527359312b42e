"""The studies that ship are ones that load."""

from pathlib import Path

import pytest

from ekspresi.study.config import load_study
from ekspresi.study.plan import plan_arm_jobs, plan_trials

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("study-*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_loads_and_plans_and_its_quick_form_is_small(path: Path) -> None:
    study = load_study(path)
    assert {"adam", "sgd", "rmsprop", "rmsprop-tf", "adamw"} <= set(study.rates)
    assert {arm.config.oversampling for arm in study.arms} == {"none", "balanced", "sqrt"}
    quick = load_study(path, quick=True)
    rates = {(name, half): each[0] for name, each in quick.rates.items() for half in (0, 1)}
    assert not plan_trials(quick)
    assert len(plan_arm_jobs(quick, rates)) <= 4 * len(quick.arms)


def test_they_are_two() -> None:
    assert len(CONFIGS) == 2
