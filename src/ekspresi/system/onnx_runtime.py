"""ONNX Runtime, loaded in one place and told to keep what it sees to itself.

In: nothing. Out: the module ``onnxruntime``. Its Linux builds collect usage data and send them to their maker unless
the environment says otherwise before its first import; ekspresi promises that nothing leaves the machine. A program
that imports ONNX Runtime itself, before ekspresi does, has to see to that itself. Knows nothing of models.
"""

import os
from types import ModuleType


def onnx_runtime() -> ModuleType:
    """The module ``onnxruntime``, its telemetry off unless the user's environment switches it on.

    Loading takes a tenth of a second, so callers ask for it only when a model is really loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    module: ModuleType = onnxruntime
    return module
