"""Define the flags that several commands share.

In: nothing. Out: types for the parameters of commands. Does not know about any command.
"""

import logging
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ekspresi.pipeline.analyzer import AnalyzerConfig

_LOG = logging.getLogger(__name__)


class DeviceName(StrEnum):
    """List the values of ``--device``.

    Example:
        >>> [str(name) for name in DeviceName]
        ['auto', 'cpu', 'cuda']
    """

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def require_path(text: str) -> Path:
    """Return the path in an option; empty text, which would mean the current folder, is refused.

    Raises:
        BadParameter: the text is empty.

    Example:
        >>> require_path("pictures").name
        'pictures'
    """
    if not text:
        raise typer.BadParameter("is empty text, not a path.")
    return Path(text)


DetectorName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Find faces with 'mtcnn', with 'yunet' (downloads its network once) or 'yunet:FILE', or with 'none' where "
        "a picture is one face crop.",
    ),
]

ModelFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use a model that 'ekspresi export' wrote. Default: the bundled model."),
]

MinFacePx = Annotated[float, typer.Option(metavar="N", help="Search for faces from this width, in pixels.")]

DeviceChoice = Annotated[
    DeviceName,
    typer.Option("--device", help="Run the networks here. 'auto' takes a CUDA GPU if there is one, else the CPU."),
]

Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace also files that ekspresi did not write, and outputs of unfinished runs. Read-only files stay.",
    ),
]

Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show on standard error which model, provider and detector run.")
]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide notes, progress and tables; errors are always shown.")]

PriorChoice = Annotated[
    str,
    typer.Option(
        "--prior",
        metavar="PRIOR",
        help="Class prior: 'trained' as in the training data, 'uniform' for posed or balanced data, 'auto' estimated "
        "from the faces themselves, or a TOML or JSON file of label = share (a label left out is never answered). The "
        "abstention threshold was fitted under 'trained'.",
    ),
]

LabelsChoice = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B,...",
        help="Answer these labels only; their probabilities are made to sum to 1. Default: all labels of the model.",
    ),
]

Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Answer only above stricter thresholds, set for other cameras and equally frequent labels too.",
    ),
]

EvenPrior = Annotated[bool, typer.Option("--even-prior", hidden=True)]
"""The older name of ``--prior uniform``."""


def analyzer_config(
    model: Path | None,
    detector: str,
    min_face_px: float,
    prior: str,
    even_prior: bool,
    device: DeviceName,
    labels: str | None = None,
    strict: bool = False,
) -> "AnalyzerConfig":
    """Build the configuration of an analyzer from the shared flags; 'auto' gives the prior that a run estimates from.

    Example:
        >>> analyzer_config(None, "none", 12, "uniform", False, DeviceName.CPU, "fear, anger").labels
        ('fear', 'anger')

    Args:
        model: ``--model``.
        detector: ``--detector``.
        min_face_px: ``--min-face-px``.
        prior: ``--prior``.
        even_prior: the older flag of the prior; it logs a warning.
        device: ``--device``.
        labels: ``--labels``.
        strict: ``--strict``.

    Raises:
        ConfigError: the prior is no name and no valid file.
    """
    from ekspresi.pipeline.analyzer import AnalyzerConfig
    from ekspresi.recognition.priors import parse_prior

    if even_prior:
        _LOG.warning("--even-prior is deprecated. Use --prior uniform.")
        prior = "uniform"
    parsed = parse_prior(prior)
    chosen = None if labels is None else tuple(label.strip() for label in labels.split(",") if label.strip())
    known = "trained" if parsed == "auto" else parsed
    return AnalyzerConfig(model, detector, min_face_px, known, device.value, chosen, strict)


Gallery = Annotated[
    bool, typer.Option(help="Show the most confident mistakes in the report. They are faces of the data set.")
]
