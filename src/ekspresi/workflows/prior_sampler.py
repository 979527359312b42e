"""Estimate the class prior of a run's files from a sample of their faces, before the run reads them.

In: the sources of a run, its analyzer and its window of time. Out: a ``PriorEstimate``, and its form in a checkpoint.
Does not know how a prior is estimated (``recognition.prior_estimate``).

The sample is spread over the whole run, and its cost and memory are bounded. It takes up to ``SAMPLED_SOURCES`` files
evenly from their list, and of each video a frame every ``SAMPLE_STEP_S``. From all faces found it draws up to
``SAMPLED_FACES``, each with the same chance (reservoir sampling: Vitter, Random Sampling with a Reservoir, 1985).
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError
from ekspresi.media.timestamps import Window
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.recognition.prior_estimate import PriorEstimate, estimate_prior
from ekspresi.tables.checkpoint import start_positions
from ekspresi.types import Prediction
from ekspresi.workflows.options import ProgressListener
from ekspresi.workflows.source_reader import SourceReader

SAMPLED_SOURCES = 1000
"""Files that are read for the sample: beyond these the interval of a share hardly shrinks."""
SAMPLED_FACES = 2000
"""Faces from which the prior is estimated."""
SAMPLE_STEP_S = 1.0
"""Seconds between two sampled frames of a video: faces are still tracked, and detection takes a small part of a run."""
ABSENT_SHARE = 0.005
"""Estimated share below which a label is named in a warning: it is then hardly ever answered."""

_LOG = logging.getLogger(__name__)


def prior_of_run(
    notes: dict[str, Any],
    reader: SourceReader,
    analyzer: Analyzer,
    window: Window,
    listener: ProgressListener,
    stop: Event,
) -> PriorEstimate | None:
    """Estimate the class prior of a run, or take that of the run that it resumes, so that all rows have one prior.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> reader, notes = SourceReader([], None, None, frozenset(), print), {}
        >>> prior_of_run(notes, reader, Analyzer(), Window(), SilentListener(), Event()) is None, notes
        (True, {'prior': None})

    Args:
        notes: of the checkpoint of the run; they get the estimate.
        reader: the files.
        analyzer: detects and recognizes.
        window: the part of videos that the run reads.
        listener: receives progress.
        stop: set it to end early; the result is then None.

    Raises:
        ConfigError: the note of the earlier run is damaged.
    """
    if "prior" in notes:
        return read_prior_note(notes)
    estimate = sample_prior(reader, analyzer, window, listener, stop)
    if not stop.is_set():
        notes |= prior_note(estimate)
    return estimate


def sample_prior(
    reader: SourceReader, analyzer: Analyzer, window: Window, listener: ProgressListener, stop: Event
) -> PriorEstimate | None:
    """Estimate the class prior of files from a sample of their faces; None and a warning where there are too few.

    The intervals resample tracks and pictures as a whole, because their faces are not independent. Faces that are too
    small to be answered do not count.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> reader = SourceReader([], None, None, frozenset(), print)
        >>> sample_prior(reader, Analyzer(), Window(), SilentListener(), Event()) is None
        True

    Args:
        reader: the files; its errors are left to the run itself.
        analyzer: detects and recognizes.
        window: the part of videos that the run reads.
        listener: receives progress.
        stop: set it to end early; the result is then None.
    """
    positions = start_positions(reader.names)
    chosen = np.unique(np.linspace(0, len(positions) - 1, min(len(positions), SAMPLED_SOURCES)).astype(int))
    sampled = [positions[index] for index in chosen.tolist()]
    step_s = max(window.every_s or 0.0, SAMPLE_STEP_S)
    files = SourceReader(reader.paths, None, None, frozenset(), lambda _: None)
    frames = files.frames(Window(step_s, window.start_s, window.end_s), sampled, stop, lambda _: None)
    reservoir, numbers = _Reservoir(), {position.source: done for done, position in enumerate(sampled)}
    for result in analyze_frames(frames, analyzer, stop=stop):
        listener.on_sample(numbers[result.frame.source], len(sampled))
        for row in result.rows:
            if row.face.prediction is not None and _is_large_enough(row.face.prediction, analyzer):
                group = (row.source, None) if row.time_s is None else (row.source, row.track)
                reservoir.add(row.face.prediction, group)
    if stop.is_set():
        return None
    try:
        estimate = reservoir.estimate(analyzer.recognizer.class_prior)
    except ConfigError as error:
        problem = str(error).partition(". ")[0]
        _LOG.warning("%s. The prior '%s' is used instead.", problem, analyzer.recognizer.prior)
        return None
    absent = [label for label in estimate.prior if estimate.high[label] > 0 and estimate.prior[label] < ABSENT_SHARE]
    if absent:
        advice = "Use --prior uniform or a file if they may occur."
        _LOG.warning("class prior: hardly any %s was found, so it is hardly answered. %s", " or ".join(absent), advice)
    _LOG.info("class prior, estimated from %d faces: %s", estimate.faces, estimate.describe())
    return estimate


class _Reservoir:
    """Keep a random sample of faces of a stream, each with the same chance."""

    def __init__(self) -> None:
        self._seen = 0
        self._random = np.random.default_rng(0)
        self._faces: list[tuple[list[float], object]] = []

    def add(self, prediction: Prediction, group: object) -> None:
        """Add a face, or let it replace a random one, or drop it."""
        self._seen += 1
        face = list(prediction.probabilities.values()), group
        if len(self._faces) < SAMPLED_FACES:
            self._faces.append(face)
        elif (place := int(self._random.integers(self._seen))) < SAMPLED_FACES:
            self._faces[place] = face

    def estimate(self, class_prior: Mapping[str, float]) -> PriorEstimate:
        """Estimate the prior of the faces.

        Raises:
            ConfigError: they are too few.
        """
        probabilities: NDArray[np.float64] = np.array([face for face, _ in self._faces], dtype=np.float64)
        return estimate_prior(
            probabilities.reshape(-1, len(class_prior)), class_prior, [group for _, group in self._faces]
        )


def _is_large_enough(prediction: Prediction, analyzer: Analyzer) -> bool:
    """Return whether a face can be answered at all."""
    calibration = analyzer.recognizer.metadata.calibration
    size_px = prediction.face_px if prediction.effective_px is None else prediction.effective_px
    return calibration is None or size_px >= calibration.smallest_px


def prior_note(estimate: PriorEstimate | None) -> dict[str, Any]:
    """Write an estimate as a note of a checkpoint.

    Example:
        >>> prior_note(None)
        {'prior': None}
    """
    return {"prior": None if estimate is None else asdict(estimate)}


def read_prior_note(notes: Mapping[str, Any]) -> PriorEstimate | None:
    """Read the estimate from the notes of a checkpoint; None where the run found too few faces.

    Example:
        >>> estimate = PriorEstimate({"fear": 1.0}, {"fear": 1.0}, {"fear": 1.0}, faces=60)
        >>> read_prior_note(prior_note(estimate)) == estimate
        True

    Raises:
        ConfigError: the note is damaged.
    """
    if notes["prior"] is None:
        return None
    try:
        return PriorEstimate(**notes["prior"])
    except TypeError as error:
        problem = "the prior in the checkpoint of this run is damaged"
        raise ConfigError(f"--resume: {problem}. Use --overwrite instead to start over.") from error
