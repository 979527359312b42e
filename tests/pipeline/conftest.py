"""Fixtures of the pipeline tests."""

from pathlib import Path

import pytest

from ekspresi.pipeline import prefetch
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.recognizer import Recognizer
from tests.pipeline.streams import WalkingFace


@pytest.fixture
def analyzer(tiny_model: Path) -> Analyzer:
    return Analyzer(Recognizer(tiny_model), WalkingFace())


@pytest.fixture(autouse=True)
def two_detector_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the same bounds on every machine."""
    monkeypatch.setattr(prefetch, "DETECTOR_THREADS", 2)
    monkeypatch.setattr(prefetch, "MAX_VIDEO_FRAMES", 4)
    monkeypatch.setattr(prefetch, "MAX_STILL_IMAGES", 16)
