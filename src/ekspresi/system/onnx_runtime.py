"""Create every session of ONNX Runtime, with its telemetry off.

In: a network, a device, a number of threads. Out: a session. The Linux builds of ONNX Runtime collect usage data and
send them to their maker unless the environment forbids it before the first import. ekspresi promises that nothing
leaves the machine, so it forbids it. A program that imports ONNX Runtime before ekspresi has to do that itself.

Does not know about models, labels or faces.
"""

import logging
import os
from types import ModuleType
from typing import Any, get_args

from ekspresi.errors import ConfigError
from ekspresi.types import Device

_LOG = logging.getLogger(__name__)
_CPU = "CPUExecutionProvider"
_CUDA = "CUDAExecutionProvider"
_CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC"}
"""Inputs have many sizes; the default would time all algorithms for each of them."""


def onnx_runtime() -> ModuleType:
    """Import ``onnxruntime``, its telemetry off unless the user's environment switches it on.

    The import takes a tenth of a second, so call this only when a network is needed.

        >>> onnx_runtime().__name__
        'onnxruntime'
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    module: ModuleType = onnxruntime
    return module


def create_session(
    model: str | bytes,
    threads: int | None = None,
    *,
    device: Device = "auto",
    name: str = "network",
    keep_memory: bool = True,
) -> Any:
    """Create an ``InferenceSession`` for a network.

    Args:
        model: path of an ONNX file, or its content.
        threads: CPU threads of one run; None for as many as there are CPUs, up to 4.
        device: 'cpu'; 'cuda' for an NVIDIA GPU; 'auto' for the GPU where it can be used, else the CPU.
        name: of the network, for the log.
        keep_memory: keep the memory of the largest run for the next one. Use False where inputs have many sizes.

    Raises:
        ConfigError: an unknown device, or 'cuda' without a usable GPU.
        Exception: what ONNX Runtime raises; its exceptions share no public base.

        >>> from ekspresi.system.assets import ASSETS
        >>> session = create_session(str(ASSETS / "mtcnn-pnet.onnx"), threads=1, device="cpu")
        >>> session.get_inputs()[0].name
        'image'
    """
    ort = onnx_runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = min(4, cpus()) if threads is None else threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # what fails is raised, and reported once
    options.enable_cpu_mem_arena = keep_memory
    # Detector and recognizer take turns: threads that spin while they wait would slow the other down.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(model, options, providers=_providers(ort.get_available_providers(), device))
    taken = provider_of(session)
    if device == "cuda" and taken != _CUDA:  # ONNX Runtime falls back silently
        raise ConfigError(_without_gpu("ONNX Runtime could not start it"))
    _LOG.info("%s: runs on %s", name, taken)
    return session


def provider_of(session: Any) -> str:
    """Name the execution provider that a session took.

    >>> from ekspresi.system.assets import ASSETS
    >>> provider_of(create_session(str(ASSETS / "mtcnn-pnet.onnx"), threads=1, device="cpu"))
    'CPUExecutionProvider'
    """
    return str(session.get_providers()[0])


def cpus() -> int:
    """Count the CPUs that this process may use; in a container these are fewer than the machine has.

    >>> cpus() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _providers(available: list[str], device: Device) -> list[Any]:
    """List the providers to ask for, the wanted one first.

    Raises:
        ConfigError: see ``create_session``.
    """
    if device not in get_args(Device):
        raise ConfigError(f"--device {device}: unknown. Use {', '.join(get_args(Device))}.")
    if device == "cpu" or (device == "auto" and _CUDA not in available):
        return [_CPU]
    if _CUDA not in available:
        raise ConfigError(_without_gpu("this ONNX Runtime was built without it"))
    return [(_CUDA, _CUDA_OPTIONS), _CPU]


def _without_gpu(reason: str) -> str:
    return f"--device cuda: no GPU can be used, {reason}. Install onnxruntime-gpu and its CUDA, or use --device cpu."
