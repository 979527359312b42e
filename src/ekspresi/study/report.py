"""Write a study's figures to ``study.json`` and to one self-contained ``study.html``.

In: a ``Study`` and its provenance. Out: two files. The page loads nothing and shows no face. Does not know how
anything was measured.

``study.json``, format 1: format; made (data, folds, machines, versions, processes, seconds_wall, date); findings, a
sentence each; and the fields of ``findings.Study``: arms, comparisons, tuning, other, reverse, failures, quick.
Fractions are in 0..1, times in seconds.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation.plots import plot_confusion
from ekspresi.evaluation.results import recorded_keys
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.study import plots
from ekspresi.study.findings import HONEST, LEAKY, RARE, Study, accuracy_at_largest, findings, select_oversampled
from ekspresi.study.results import ArmResult
from ekspresi.system.storage import MAKER, atomic_write, ensure_folder
from ekspresi.visualization.html_pages import load_page_template

FORMAT = 1
"""Format of ``study.json``."""

PAPER = {"accuracy": 96.0, "macro_recall": 96.0, "macro_precision": 96.5, "macro_f1": 95.84}
"""Figures of the paper (Karim, Sulistiyono, Rachmawati) for RMSProp, percent.

The paper names neither its split nor its averages over classes."""

_CONFUSED_PX = (48, 12)
_TEMPLATE = Path(__file__).with_name("report.html.j2")


def study_files(folder: Path) -> tuple[Path, Path]:
    """Name the paths of study.json and study.html in a folder.

    >>> [file.name for file in study_files(Path("study"))]
    ['study.json', 'study.html']
    """
    return folder / "study.json", folder / "study.html"


def write_study(study: Study, dataset: FaceDataset, provenance: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write study.json and study.html.

    Args:
        study: the figures.
        dataset: the data set.
        provenance: data, machines, versions and times, see the module's docstring.
        folder: the folder to write into.

    Returns:
        Paths of study.json and study.html.

    Raises:
        OutputError: the files cannot be written.

    The example is not run, because it needs the figures of a whole study; ``run_study`` calls it like this:

        >>> write_study(figures, dataset, provenance, Path("study"))  # doctest: +SKIP
        (PosixPath('study/study.json'), PosixPath('study/study.html'))
    """
    ensure_folder(folder)
    sentences = findings(study)
    record = {
        "format": FORMAT,
        "made_by": MAKER,
        "made": provenance,
        "findings": sentences,
        **asdict(study, dict_factory=recorded_keys),
    }
    targets = study_files(folder)
    texts = (
        json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        _page(study, dataset, provenance, sentences),
    )
    for target, text in zip(targets, texts, strict=True):
        with atomic_write(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return targets


def _page(study: Study, dataset: FaceDataset, provenance: dict[str, Any], sentences: list[str]) -> str:
    honest = study.under(HONEST)
    best = study.best(HONEST) or study.best(LEAKY)
    assert best is not None
    optimizers = _varied(study, "optimizer") or honest or study.under(LEAKY)
    others = [best, *(arm for arm in honest if arm not in optimizers and arm is not best)]
    fed = select_oversampled(study)
    rare = [label for label in RARE if label in dataset.labels]
    px = optimizers[0].curve_px[0]
    return load_page_template(_TEMPLATE).render(
        study=study,
        made=provenance,
        findings=sentences,
        sizes_px=SIZES_PX,
        paper=PAPER,
        honest=honest,
        leaky=study.under(LEAKY),
        pairs=study.both(),
        best=best,
        accuracy_at_largest=accuracy_at_largest,
        labels=dataset.labels,
        by_size_plot=Markup(plots.plot_arms_by_size(optimizers, "by-size")),
        others_plot=Markup(plots.plot_arms_by_size(others, "others")) if len(others) > 1 else None,
        learning_plots=[(px, Markup(plots.plot_learning(optimizers, px)))],
        confusion_plots=[
            (size, Markup(plot_confusion(best.image, best.image.at(size)))) for size in _CONFUSED_PX if size in SIZES_PX
        ],
        recall_plots=[(size, Markup(plots.plot_recalls(fed, rare, size))) for size in (48, 16)]
        if len(fed) > 1 and rare
        else [],
        seconds=sum(arm.seconds for arm in study.arms),
        seconds_tuning=sum(each.seconds for each in study.tuning),
    )


def _varied(study: Study, key: str) -> list[ArmResult]:
    """List the arms that are compared in one key, the best first."""
    names = {name for each in study.comparisons if each.key == key for name in (each.first, each.second)}
    arms = [arm for arm in study.under(HONEST) if arm.arm in names]
    return sorted(arms, key=lambda arm: -accuracy_at_largest(arm.image))
