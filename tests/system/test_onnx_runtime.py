import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ekspresi.errors import ConfigError
from ekspresi.system import onnx_runtime
from ekspresi.system.assets import ASSETS
from ekspresi.system.onnx_runtime import create_session, provider_of

NETWORK = str(ASSETS / "mtcnn-pnet.onnx")
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class FakeRuntime(SimpleNamespace):
    """ONNX Runtime as it is on a machine with, or without, a usable GPU."""

    def __init__(self, available: list[str], usable: list[str]) -> None:
        self.asked: list[str] = []
        self.usable = usable
        self.GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL=99)
        self.get_available_providers = lambda: available

    def SessionOptions(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(add_session_config_entry=lambda key, value: None)

    def InferenceSession(self, model, options, providers):  # noqa: N802
        self.asked = [each if isinstance(each, str) else each[0] for each in providers]
        taken = [name for name in self.asked if name in self.usable]
        return SimpleNamespace(get_providers=lambda: taken)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    def build(available: list[str], usable: list[str]) -> FakeRuntime:
        fake = FakeRuntime(available, usable)
        monkeypatch.setattr(onnx_runtime, "onnx_runtime", lambda: fake)
        return fake

    return build


def test_cpu_session_runs_on_the_cpu() -> None:
    assert provider_of(create_session(NETWORK, device="cpu")) == CPU


def test_auto_takes_a_gpu_that_can_be_used(machine) -> None:
    fake = machine([CUDA, CPU], [CUDA, CPU])
    assert provider_of(create_session(NETWORK)) == CUDA
    assert fake.asked == [CUDA, CPU]


@pytest.mark.parametrize("available", [[CPU], [CUDA, CPU]])
def test_auto_falls_back_to_the_cpu(available: list[str], machine) -> None:
    machine(available, [CPU])
    assert provider_of(create_session(NETWORK)) == CPU


def test_cpu_never_asks_for_the_gpu(machine) -> None:
    fake = machine([CUDA, CPU], [CUDA, CPU])
    create_session(NETWORK, device="cpu")
    assert fake.asked == [CPU]


@pytest.mark.parametrize(
    ("available", "reason"), [([CPU], "was built without it"), ([CUDA, CPU], "could not start it")]
)
def test_cuda_without_a_gpu_names_the_remedy(available: list[str], reason: str, machine) -> None:
    machine(available, [CPU])
    with pytest.raises(ConfigError, match=rf"^--device cuda: .*{reason}\. Install onnxruntime-gpu .*--device cpu\.$"):
        create_session(NETWORK, device="cuda")


def test_unknown_device_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"^--device tpu: unknown\. Use auto, cpu, cuda\.$"):
        create_session(NETWORK, device="tpu")  # type: ignore[arg-type]


def test_provider_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="ekspresi"):
        create_session(NETWORK, device="cpu", name="pnet")
    assert caplog.messages == [f"pnet: runs on {CPU}"]


def test_library_stays_silent_by_default() -> None:
    code = (
        "from ekspresi.system.onnx_runtime import create_session\n"
        "from ekspresi.system.assets import ASSETS\n"
        "create_session(str(ASSETS / 'mtcnn-pnet.onnx'), device='cpu')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
