"""A finished training, shared by the tests that need one."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ekspresi.training.run_folder import TrainingRun


@pytest.fixture(scope="session")
def finished(small: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> "TrainingRun":
    """A finished training; tests add files to its folder, but change none."""
    from ekspresi.training.config import load_config
    from ekspresi.training.run import train

    return train(load_config(None, small), tmp_path_factory.mktemp("runs") / "one")
