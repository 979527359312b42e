"""Fine-tune the bundled model on other faces and evaluate it on faces that it never saw.

In: ``FinetuneOptions`` and a listener. Out: a folder with the model, its weights and the report of its test faces.
Does not know about screens. Needs the extra [train] when it is called, not when it is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ekspresi.errors import MissingExtraError
from ekspresi.types import Device
from ekspresi.workflows.evaluate import EvaluateOptions, EvaluateResult, evaluate_model

if TYPE_CHECKING:
    from ekspresi.training.export import Export


@dataclass(frozen=True, slots=True)
class FinetuneOptions:
    """Options of a fine-tuning.

    Attributes:
        data: spec of the data set, READER:PATH.
        out: folder to write; None for ``runs/READER-finetuned``.
        name: name of the model; None for that of the folder.
        gallery: show the most confident mistakes in the report; they are faces of the data set.
        overwrite: replace also files that ekspresi did not write.
        device: 'auto', 'cpu' or 'cuda', for the training and the evaluation.
        show_training: let Lightning draw the progress bar of the training on standard error.

    Example:
        >>> FinetuneOptions("folder:faces").gallery
        True
    """

    data: str
    out: Path | None = None
    name: str | None = None
    gallery: bool = True
    overwrite: bool = False
    device: Device = "auto"
    show_training: bool = False


class FinetuneListener(Protocol):
    """Receive the events of a fine-tuning, in this order.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> class Announcing(SilentListener):
        ...     def on_plan(self, faces, classes, reason): print(f"{faces} faces; {reason}")
        ...     def on_model(self, export): print(export.model)
        >>> listener: FinetuneListener = Announcing()
        >>> listener.on_plan(faces=40, classes=2, reason="split by subject")
        40 faces; split by subject
    """

    def on_plan(self, faces: int, classes: int, reason: str) -> None:
        """Receive the size of the data set, and a sentence about its split; training begins."""

    def on_model(self, export: "Export") -> None:
        """Receive the exported model; its evaluation begins."""

    def on_skipped(self, skipped: Sequence[str]) -> None:
        """Receive one line for each file or row that the reader of the data set left out; at most one call."""

    def on_progress(self, done: int, total: int) -> None:
        """Receive how many crops of the evaluation have been recognized, and how many there are."""


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """Result of a fine-tuning.

    Attributes:
        export: the model file, its weights and its calibration.
        evaluation: figures and reports of the test faces.

    Example:
        >>> sorted(FinetuneResult.__dataclass_fields__)
        ['evaluation', 'export']
    """

    export: "Export"
    evaluation: EvaluateResult


def finetune_model(options: FinetuneOptions, listener: FinetuneListener) -> FinetuneResult:
    """Train the bundled model further on a data set, export it and evaluate it on the test faces.

    A folder that holds an unfinished training of the same data is resumed.

    Args:
        options: data set and folder.
        listener: receives plan, model and progress.

    Raises:
        MissingExtraError: the extra [train] is not installed.
        ConfigError: the folder holds another training.
        DatasetError: the data set cannot be read, or is too small.
        ModelError, OutputError: a file cannot be written, or would replace a foreign file.

    Example:
        >>> import sys
        >>> from unittest.mock import Mock, patch
        >>> with patch.dict(sys.modules, {"ekspresi.training.finetune": None}):  # as without the extra [train]
        ...     finetune_model(FinetuneOptions("folder:faces"), Mock(spec=FinetuneListener))
        Traceback (most recent call last):
        ekspresi.errors.MissingExtraError: ekspresi finetune needs the extra [train]. Run pip install ...
    """
    try:
        from ekspresi.training.finetune import finetune, plan_finetuning
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi finetune", "train") from error
    from ekspresi.datasets.registry import read
    from ekspresi.evaluation.report import report_files
    from ekspresi.tables.overwrite import check_replaceable

    dataset = read(options.data)
    plan = plan_finetuning(dataset)
    folder = options.out or Path("runs") / f"{dataset.name}-finetuned"
    listener.on_plan(len(dataset), len(dataset.labels), plan.reason)
    for file in report_files(folder):
        check_replaceable(file, overwrite=options.overwrite, choice="--out")
    export = finetune(
        plan,
        folder,
        options.name or folder.name,
        overwrite=options.overwrite,
        show=options.show_training,
        device=options.device,
    )
    listener.on_model(export)
    evaluation = evaluate_model(
        EvaluateOptions(
            data=options.data,
            model=export.model,
            out=folder,
            gallery=options.gallery,
            overwrite=options.overwrite,
            device=options.device,
        ),
        listener,
    )
    return FinetuneResult(export, evaluation)
