"""Facial expression recognition for faces only a few pixels wide, honest about how sure it is.

    import ekspresi

    faces = ekspresi.analyze("photo.jpg")
    faces[0].box_xyxy, faces[0].prediction.answer, faces[0].prediction.confidence

This module is the public surface: the names in ``__all__`` are stable. Each name is loaded when it is first
used, so that ``import ekspresi`` costs nothing.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ekspresi.errors import (
        ConfigError,
        DatasetError,
        EkspresiError,
        ImageError,
        MissingExtraError,
        ModelError,
        OutputError,
        SourceError,
    )
    from ekspresi.media.frames import read_frames
    from ekspresi.pipeline.analyzer import Analyzer, AnalyzerConfig, analyze
    from ekspresi.pipeline.stream import analyze_frames, stream
    from ekspresi.recognition.prior_estimate import PriorEstimate, estimate_prior
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.system.file_names import original_name
    from ekspresi.types import Face, Frame, FrameResult, Prediction, Row

__version__ = "0.1.0"

logging.getLogger("ekspresi").addHandler(logging.NullHandler())  # silent, unless a program wants to hear it

__all__ = [
    "Analyzer",
    "AnalyzerConfig",
    "ConfigError",
    "DatasetError",
    "EkspresiError",
    "Face",
    "Frame",
    "FrameResult",
    "ImageError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "Prediction",
    "PriorEstimate",
    "Recognizer",
    "Row",
    "SourceError",
    "__version__",
    "analyze",
    "analyze_frames",
    "estimate_prior",
    "original_name",
    "read_frames",
    "stream",
]

_MODULE = {
    "Analyzer": "pipeline.analyzer",
    "AnalyzerConfig": "pipeline.analyzer",
    "analyze": "pipeline.analyzer",
    "Recognizer": "recognition.recognizer",
    "PriorEstimate": "recognition.prior_estimate",
    "estimate_prior": "recognition.prior_estimate",
    "stream": "pipeline.stream",
    "original_name": "system.file_names",
    "Face": "types",
    "Prediction": "types",
    "Row": "types",
    "analyze_frames": "pipeline.stream",
    "read_frames": "media.frames",
    "Frame": "types",
    "FrameResult": "types",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded at its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'ekspresi' has no attribute '{name}'")
    value = getattr(import_module(f"ekspresi.{_MODULE.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
