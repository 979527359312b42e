"""Services in this process, with a model whose answers are known."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ekspresi.service.app import create_app
from ekspresi.service.settings import ServiceSettings
from tests.support.gray_model import write_gray_model
from tests.support.service_calls import LABELS


@pytest.fixture(scope="session")
def gray_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers label k for a face of gray level k; see ``marker_picture``."""
    path: Path = write_gray_model(tmp_path_factory.mktemp("model") / "gray.onnx", LABELS, sharpness=4000.0)
    return path


@pytest.fixture
def make_app(gray_model: Path) -> Iterator[Callable[..., Any]]:
    """Function that makes an app with the gray model; each picture is one face. Settings may be changed."""
    apps: list[Any] = []

    def make(**changes: Any) -> Any:
        values = {"model": str(gray_model), "detector": "none", "device": "cpu", **changes}
        apps.append(create_app(ServiceSettings(**values)))
        return apps[-1]

    yield make
    for app in apps:
        app.state.service.close()
