"""Check class priors and chosen labels, and restrict probabilities to labels.

In: a name or shares of a prior, labels, probabilities. Out: the same, checked, as arrays. Does not know how a prior is
estimated (``prior_estimate``), nor how logits are calibrated (``calibration``).

Another prior multiplies each probability by the ratio of the two priors, and each face is made to sum to 1 again. This
is Bayes' rule for a shift of the class frequencies (Saerens, Latinne, Decaestecker: Adjusting the Outputs of a
Classifier to New a Priori Probabilities, Neural Computation 2002).
"""

import json
import math
import tomllib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ConfigError, ModelError
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.types import Prior, PriorName

PriorInput = Prior | Mapping[str, float]
"""Class prior as a user gives it: a name, or label -> share; shares need not sum to 1."""


def prior_from(prior: PriorInput, even_prior: bool | None) -> Prior:
    """Check a prior, make its shares sum to 1, and translate the older argument ``even_prior``, which warns.

    Example:
        >>> prior_from("uniform", even_prior=None)
        'uniform'
        >>> prior_from({"neutral": 3, "fear": 1, "anger": 0}, even_prior=None)
        (('fear', 0.25), ('neutral', 0.75))

    Args:
        prior: a name, or label -> share. A label that is left out has the share 0 and is never answered.
        even_prior: deprecated; None where it was not given.

    Raises:
        ConfigError: the name is unknown, a share is negative or not a number, or all shares are 0.
    """
    if even_prior is not None:
        warnings.warn(
            "even_prior is deprecated: use prior='uniform', or prior='trained'.", DeprecationWarning, stacklevel=3
        )
        prior = "uniform" if even_prior else "trained"
    if isinstance(prior, str):
        if str(prior) == "auto":
            problem = "needs faces to estimate it from"
            raise ConfigError(f"prior 'auto': {problem}. Call estimate_prior and pass its prior.")
        if prior not in get_args(PriorName):
            raise ConfigError(f"prior '{prior}': unknown. Use 'trained', 'uniform', or a share for each label.")
        return prior
    shares: dict[str, Any] = dict(prior)
    for label, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < math.inf:
            raise ConfigError(f"prior: the share of '{label}' is {share!r}. Use a number from 0.")
    total = math.fsum(shares.values())
    if not total > 0:
        raise ConfigError("prior: no label has a share above 0. Give at least two labels a share.")
    scale = 1.0 if abs(total - 1) < 1e-9 else total  # so that a second check changes no digit
    return tuple((label, share / scale) for label, share in sorted(shares.items()) if share > 0)


def read_prior(path: Path) -> Prior:
    r"""Read a prior from a TOML or JSON file of label -> share.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.toml")
        ...     _ = path.write_text("neutral = 60\nhappiness = 40")
        ...     read_prior(path)
        (('happiness', 0.4), ('neutral', 0.6))

    Args:
        path: the file. Shares, percentages and counts are all allowed, because their sum is made 1.

    Raises:
        ConfigError: the file cannot be read, is neither TOML nor JSON, or holds no valid prior (``prior_from``).
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check its path and permissions.") from error
    except ValueError as error:  # of JSON, TOML and UTF-8
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise ConfigError(f"{path}: is not {kind} ({error}). Write a line such as neutral = 0.4 per label.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: is not a table of shares. Write a share for each label.")
    try:
        return prior_from(content, None)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_prior(text: str) -> Prior | Literal["auto"]:
    """Parse a prior from a command line: 'trained', 'uniform', 'auto', or the name of a file (``read_prior``).

    Example:
        >>> parse_prior("uniform")
        'uniform'

    Raises:
        ConfigError: there is no such file, or it holds no valid prior.
    """
    match text:
        case "trained" | "uniform" | "auto":
            return text
    if Path(text).exists():
        return read_prior(Path(text))
    raise ConfigError(f"--prior {text}: no such prior or file. Use trained, uniform, auto, or a TOML or JSON file.")


def log_prior(prior: Prior, labels: Sequence[str], calibration: SizeCalibration | None) -> NDArray[np.float64]:
    """Compute the logarithm of the class prior that calibrated probabilities contain.

    Example:
        >>> calibration = SizeCalibration((24.0,), (1.0,), (0.5,), 0.9, (0.0, 0.0), (0.75, 0.25), 1.0, 6.0)
        >>> np.exp(log_prior("trained", ("fear", "anger"), calibration)).round(2).tolist()
        [0.75, 0.25]
        >>> np.exp(log_prior((("anger", 0.9), ("fear", 0.1)), ("fear", "anger"), calibration)).round(2).tolist()
        [0.1, 0.9]

    Args:
        prior: as checked by ``prior_from``.
        labels: the K labels of the model.
        calibration: of the model; None counts as a training with equal class frequencies.

    Returns:
        float64 (K,); -inf where a label has no share.

    Raises:
        ConfigError: the prior names a label that the model lacks.
    """
    trained = np.zeros(len(labels)) if calibration is None else np.log(np.array(calibration.class_priors))
    if not isinstance(prior, str):
        find_labels([label for label, _ in prior], labels, "prior")
        shares = dict(prior)
        with np.errstate(divide="ignore"):
            return np.log(np.array([shares.get(label, 0.0) for label in labels], dtype=np.float64))
    strength = 0.0 if calibration is None or prior == "trained" else calibration.prior_strength
    scores = trained * (1 - strength)
    return np.asarray(scores - np.logaddexp.reduce(scores), dtype=np.float64)


def restricted_log_prior(
    prior: Prior, labels: Sequence[str], calibration: SizeCalibration | None, allowed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Compute ``log_prior`` restricted to the labels that may be answered; its shares sum to 1.

    Example:
        >>> restricted = restricted_log_prior("uniform", ("a", "b", "c"), None, np.array([True, True, False]))
        >>> np.exp(restricted).round(2).tolist()
        [0.5, 0.5, 0.0]

    Args:
        prior: see ``log_prior``.
        labels: see ``log_prior``.
        calibration: see ``log_prior``.
        allowed: bool (K,), of ``check_labels``.

    Returns:
        float64 (K,); -inf for labels that are never answered.

    Raises:
        ConfigError: the prior names a label that the model lacks, or fewer than two labels may be answered.
    """
    scores = np.where(allowed, log_prior(prior, labels, calibration), -np.inf)
    if np.isfinite(scores).sum() < 2:
        raise ConfigError("prior: fewer than two labels have a share and may be answered. Change prior or labels.")
    return np.asarray(scores - np.logaddexp.reduce(scores), dtype=np.float64)


def check_calibrated(calibration: SizeCalibration | None, path: Path) -> None:
    """Check that a model is calibrated: otherwise its class prior is unknown and cannot be changed.

    Example:
        >>> calibration = SizeCalibration((24.0,), (1.0,), (0.5,), 0.9, (0.0, 0.0), (0.75, 0.25), 1.0, 6.0)
        >>> check_calibrated(calibration, Path("mine.onnx"))

    Args:
        calibration: of the model.
        path: of the model file, for the error.

    Raises:
        ModelError: it is not calibrated.
    """
    if calibration is None:
        raise ModelError(f"{path}: has no calibration, so its prior cannot be changed. Export the model again.")


def find_labels(chosen: Iterable[str], labels: Sequence[str], subject: str) -> NDArray[np.bool_]:
    """Mark the labels of a model that were chosen.

    Example:
        >>> find_labels(["fear"], ("neutral", "fear"), "labels").tolist()
        [False, True]

    Args:
        chosen: names of labels.
        labels: the K labels of the model.
        subject: what the error names.

    Returns:
        bool (K,).

    Raises:
        ConfigError: the model lacks a label.
    """
    names = set(chosen)
    if unknown := sorted(names - set(labels)):
        listed = ", ".join(f"'{name}'" for name in unknown)
        raise ConfigError(f"{subject}: the model has no label {listed}. Use {', '.join(labels)}.")
    return np.array([label in names for label in labels], dtype=np.bool_)


def check_labels(chosen: Iterable[str] | None, labels: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the labels that may be answered: those that were chosen, or all.

    Example:
        >>> check_labels(None, ("neutral", "fear")).tolist()
        [True, True]

    Args:
        chosen: names of at least two labels; None for all.
        labels: the K labels of the model.

    Returns:
        bool (K,).

    Raises:
        ConfigError: the model lacks a label, or fewer than two are left.
    """
    if chosen is None:
        return np.ones(len(labels), dtype=np.bool_)
    found = find_labels(chosen, labels, "labels")
    if found.sum() < 2:
        raise ConfigError(f"labels: {int(found.sum())} chosen. Choose at least two of {', '.join(labels)}.")
    return found


def restrict(probabilities: NDArray[np.float64], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Restrict probabilities to some labels: the others become 0, and each row sums to 1 again.

    Example:
        >>> restrict(np.array([[0.5, 0.3, 0.2]]), np.array([False, True, True])).round(2).tolist()
        [[0.0, 0.6, 0.4]]

    Args:
        probabilities: float64 (N, K).
        allowed: bool (K,), labels that may be answered.

    Returns:
        float64 (N, K); equal for all allowed labels where they had no probability.
    """
    if allowed.all():
        return probabilities
    kept = np.where(allowed, probabilities, 0.0)
    total = kept.sum(axis=1, keepdims=True)
    even = np.tile(allowed / allowed.sum(), (len(kept), 1))
    return np.asarray(np.divide(kept, total, out=even, where=total > 0), dtype=np.float64)
