"""A state loads what its settings name, and ends its threads."""

import threading
from pathlib import Path

import pytest

from ekspresi.errors import ConfigError, ModelError
from ekspresi.service.settings import ServiceSettings
from ekspresi.service.state import ServiceState


def test_load_with_a_wrong_model_or_detector_raises(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        ServiceState.load(ServiceSettings(model=str(tmp_path / "absent.onnx")))
    with pytest.raises(ConfigError, match="'dlib': is not a detector"):
        ServiceState.load(ServiceSettings(detector="dlib"))


def test_load_with_a_prior_that_the_model_lacks_raises(gray_model: Path) -> None:
    with pytest.raises(ModelError, match="has no calibration, so its prior cannot be changed"):
        ServiceState.load(ServiceSettings(model=str(gray_model), prior="uniform"))


def test_close_ends_every_thread(gray_model: Path) -> None:
    before = set(threading.enumerate())
    state = ServiceState.load(ServiceSettings(model=str(gray_model), detector="none"))
    state.close()
    assert state.stopping and set(threading.enumerate()) <= before
