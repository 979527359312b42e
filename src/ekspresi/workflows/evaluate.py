"""Evaluate a model on a labelled data set and write its report.

In: ``EvaluateOptions`` and a listener. Out: figures, ``report.json`` and ``report.html``. Does not know about screens.
Needs the extra [eval] when it is called, not when it is imported.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ekspresi.datasets.protocols import PROTOCOLS
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.imaging.suites import SUITES
from ekspresi.types import Device
from ekspresi.workflows.output_paths import next_run_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ekspresi.datasets.dataset import FaceDataset
    from ekspresi.evaluation.provenance import Provenance
    from ekspresi.evaluation.results import Evaluation

EVERY_FACE = "all"
"""Protocol that measures every face without a split: for a data set that the model has never seen."""

SIDES = ("test", "validation")
"""Parts of a split that can be measured."""


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """Options of an evaluation.

    Attributes:
        data: spec of the data set, READER:PATH.
        model: model file; None for the bundled model.
        protocol: split protocol or ``EVERY_FACE``. None for the protocol of the model's training if it was trained on
            this data set, else the official split, else ``EVERY_FACE``.
        fold: fold of the protocol; None for that of the model's training, else 0.
        seed: seed of the protocol; None for that of the model's training, else 0.
        side: one of ``SIDES``; None for 'test'.
        suite: one of ``imaging.suites.SUITES``, the way faces are shrunk.
        out: folder of the reports; None for the next free ``runs/READER-evaluation-NUMBER``.
        gallery: show the most confident mistakes in the report; they are faces of the data set.
        overwrite: replace also reports that ekspresi did not write.
        device: 'auto', 'cpu' or 'cuda', see ``system.onnx_runtime``.
        prior: class prior of the headline: 'trained', 'uniform', 'auto' to estimate it from the faces of each size
            without their labels, or a file of shares.
        strict: answer only above the strict thresholds, see ``Recognizer``.

    Example:
        >>> EvaluateOptions("ckplus48:data/CK+48", protocol="subject-10fold", fold=3).suite
        'clean'
    """

    data: str
    model: Path | None = None
    protocol: str | None = None
    fold: int | None = None
    seed: int | None = None
    side: str | None = None
    suite: str = "clean"
    out: Path | None = None
    gallery: bool = True
    overwrite: bool = False
    device: Device = "auto"
    prior: str = "trained"
    strict: bool = False


class EvaluateListener(Protocol):
    """Receive the events of an evaluation.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> listener: EvaluateListener = SilentListener()
        >>> listener.on_progress(done=64, total=128)
    """

    def on_skipped(self, skipped: Sequence[str]) -> None:
        """Receive one line for each file or row that the reader of the data set left out; at most one call."""

    def on_progress(self, done: int, total: int) -> None:
        """Receive how many crops have been recognized, and how many there are."""


@dataclass(frozen=True, slots=True)
class EvaluateResult:
    """Result of an evaluation.

    Attributes:
        evaluation: all figures.
        provenance: model, data, protocol, command, versions; and why the figures may be too good.
        files: report.json and report.html.

    Example:
        >>> sorted(EvaluateResult.__dataclass_fields__)
        ['evaluation', 'files', 'provenance']
    """

    evaluation: "Evaluation"
    provenance: "Provenance"
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FaceSelection:
    """Faces to measure.

    Attributes:
        name: name of the headline's faces.
        indices: int64 (N,), faces of the headline.
        further: name -> int64 (M,), other faces to report beside them.
        protocol: split protocol, or ``EVERY_FACE``.
        fold: fold of the protocol.
        seed: seed of the protocol.
        side: one of ``SIDES``, or ``EVERY_FACE``.

    Example:
        >>> FaceSelection("all faces", [0, 1], protocol=EVERY_FACE).side
        'all'
    """

    name: str
    indices: "NDArray[np.int64]"
    protocol: str
    further: "dict[str, NDArray[np.int64]]" = field(default_factory=dict)
    fold: int = 0
    seed: int = 0
    side: str = EVERY_FACE


def evaluate_model(options: EvaluateOptions, listener: EvaluateListener) -> EvaluateResult:
    """Measure a model at every face size and write report.json and report.html.

    Args:
        options: model, data and protocol.
        listener: receives skipped files and progress.

    Raises:
        MissingExtraError: the extra [eval] is not installed.
        ConfigError: an unknown suite, protocol or side, a fold without a protocol, or a prior that is no prior or
            cannot be estimated.
        DatasetError: the data set cannot be read, or does not support the protocol.
        ModelError: the model file cannot be used.
        OutputError: the reports cannot be written, or would replace foreign files.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> evaluate_model(EvaluateOptions("folder:faces", suite="vhs"), SilentListener())
        Traceback (most recent call last):
        ekspresi.errors.ConfigError: --suite vhs: is not a suite. Choose clean, kernels or cctv.
    """
    try:
        from ekspresi.evaluation.evaluate import evaluate
        from ekspresi.evaluation.provenance import EvaluationRequest, find_trained_split, make_provenance
        from ekspresi.evaluation.report import report_files, write_report
    except ImportError as error:
        raise MissingExtraError("ekspresi evaluate", "eval") from error
    from ekspresi.datasets.registry import read
    from ekspresi.recognition.priors import check_calibrated, parse_prior
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.system.memory import trim_heap
    from ekspresi.system.storage import ensure_folder
    from ekspresi.tables.overwrite import check_replaceable

    if options.suite not in SUITES:
        raise ConfigError(f"--suite {options.suite}: is not a suite. Choose {_either(SUITES)}.")
    prior = parse_prior(options.prior)
    known = "trained" if prior == "auto" else prior
    recognizer = Recognizer(options.model, prior=known, device=options.device, strict=options.strict)
    if prior == "auto":
        check_calibrated(recognizer.metadata.calibration, recognizer.path)
    dataset = read(options.data)
    trim_heap()  # the lists from which a large set was made
    if dataset.skipped:
        listener.on_skipped(dataset.skipped)
    faces = select_faces(dataset, find_trained_split(recognizer.metadata, dataset) or {}, options)
    folder = options.out or next_run_folder(f"{dataset.name}-evaluation")
    ensure_folder(folder)
    for file in report_files(folder):
        check_replaceable(file, overwrite=options.overwrite, choice="--out")
    evaluation = evaluate(
        recognizer,
        dataset,
        faces.indices,
        suite=options.suite,
        subset=faces.name,
        further=faces.further,
        estimated_prior=prior == "auto",
        progress=listener.on_progress,
    )
    request = EvaluationRequest(faces.protocol, faces.fold, faces.seed, faces.side, _command(options, faces))
    provenance = make_provenance(recognizer, dataset, request)
    files = write_report(evaluation, provenance, folder, dataset if options.gallery else None)
    return EvaluateResult(evaluation, provenance, files)


def select_faces(dataset: "FaceDataset", trained: dict[str, Any], options: EvaluateOptions) -> FaceSelection:
    """Select the faces to measure.

    Args:
        dataset: the data set.
        trained: split of the model's training on this data set ('protocol', 'fold', 'seed'), or empty.
        options: protocol, fold, seed and side; None takes the value of ``trained``.

    Returns:
        The faces of one side. Under the official split they are de-duplicated, and the published side is beside them.

    Raises:
        ConfigError: an unknown protocol or side, or a fold, seed or side with ``EVERY_FACE``.
        DatasetError: the data set does not support the protocol.

    Example:
        >>> import numpy as np
        >>> from ekspresi.datasets.dataset import FaceDataset
        >>> images, votes = np.zeros((2, 4, 4), np.uint8), np.eye(2, dtype=np.float32)
        >>> names = np.array(["a", "b"])
        >>> faces = FaceDataset("folder", "x", ("fear", "anger"), images, votes, votes[:, :0], names)
        >>> select_faces(faces, {}, EvaluateOptions("folder:x")).name
        'all faces'
    """
    import numpy as np

    from ekspresi.datasets.splits import make_split

    protocol = options.protocol or trained.get("protocol")
    if protocol is None:
        protocol = EVERY_FACE if dataset.official is None else "official"
    if protocol not in (EVERY_FACE, *PROTOCOLS):
        raise ConfigError(f"--split {protocol}: is not a protocol. Choose {_either((EVERY_FACE, *PROTOCOLS))}.")
    if options.side not in (None, *SIDES):
        raise ConfigError(f"--side {options.side}: is not a side of a split. Choose {_either(SIDES)}.")
    if protocol == EVERY_FACE:
        if (options.fold, options.seed, options.side) != (None, None, None):
            problem = "need a split protocol, but every face is measured"
            raise ConfigError(f"--fold, --seed and --side: {problem}. Add --split, or remove them.")
        return FaceSelection("all faces", np.arange(len(dataset)), protocol)
    own = trained if trained.get("protocol") == protocol else {}
    fold = own.get("fold", 0) if options.fold is None else options.fold
    seed = own.get("seed", 0) if options.seed is None else options.seed
    side = options.side or SIDES[0]
    indices = make_split(dataset, protocol, fold=fold, seed=seed).by_name[side]
    name, further = side, {}
    if protocol == "official" and dataset.official is not None:
        published = np.flatnonzero(dataset.official == side)
        if len(published) != len(indices):
            name, further = f"{side}, de-duplicated", {f"{side}, as published": published}
    return FaceSelection(name, indices, protocol, further, fold, seed, side)


def _command(options: EvaluateOptions, faces: FaceSelection) -> str:
    """Return the command line that repeats an evaluation."""
    words = ["ekspresi", "evaluate", options.data, *(["--model", str(options.model)] if options.model else [])]
    words += ["--split", faces.protocol]
    if faces.protocol != EVERY_FACE:
        words += ["--fold", str(faces.fold), "--seed", str(faces.seed), "--side", faces.side]
    words += ["--suite", options.suite] if options.suite != "clean" else []
    words += ["--prior", options.prior] if options.prior != "trained" else []
    words += ["--strict"] if options.strict else []
    return shlex.join(words)


def _either(choices: Sequence[str]) -> str:
    """Join choices to 'a, b or c'."""
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
