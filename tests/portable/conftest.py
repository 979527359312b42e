"""The portable model of the bundled one, made once."""

import pytest

from ekspresi.portable.export import write_portable_model
from ekspresi.system.onnx_runtime import create_session


@pytest.fixture(scope="session")
def portable(tmp_path_factory):
    """The path of the file."""
    return write_portable_model(tmp_path_factory.mktemp("portable") / "portable.onnx").path


@pytest.fixture(scope="session")
def session(portable):
    return create_session(str(portable), device="cpu")
