"""ONNX Runtime, loaded in one place and its telemetry off.

In: nothing. Out: the module ``onnxruntime``, and sessions.

Its Linux builds collect usage data and send them to their maker unless
the environment says otherwise before its first import; ekspresi promises that nothing leaves the machine. A program
that imports ONNX Runtime itself, before ekspresi does, has to see to that itself. Knows nothing of models.
"""

import os
from types import ModuleType
from typing import Any


def onnx_runtime() -> ModuleType:
    """The module ``onnxruntime``, its telemetry off unless the user's environment switches it on.

    Loading takes a tenth of a second, so callers ask for it only when a model is really loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    module: ModuleType = onnxruntime
    return module


def create_session(model: str | bytes, threads: int | None = None, *, keep_memory: bool = True) -> Any:
    """Create an ``InferenceSession`` that runs a network on CPUs.

    Args:
        model: path of an ONNX file, or its content.
        threads: CPU threads of one run; None for as many as there are CPUs, up to 4.
        keep_memory: keep the memory of the largest run for the next one. Inputs of many sizes need False.

    Raises:
        Exception: what ONNX Runtime raises; its exceptions share no public base.
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
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def cpus() -> int:
    """CPUs this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
