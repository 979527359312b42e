"""Write an evaluation to ``report.json`` and to one self-contained ``report.html``.

In: an ``Evaluation``, its ``Provenance``, and the faces if the page shows mistakes. Out: two files. The page loads
nothing: plots are inline SVG, faces base64 PNG. Does not know about models or measuring. Needs the extra [eval].

``report.json``, format 2::

    format       2
    headline     name of the view whose figures are quoted
    provenance   fields of ``provenance.Provenance``: model, model_sha256, data, data_fingerprint, asked
                 (protocol, fold, seed, side, command), versions, cpu, provider, date, warnings, ...
    evaluation   fields of ``evaluation.Evaluation``:
      suite, sizes_px, model_labels
      views[]    name, subset, custom, answers, prior, level, labels, resampled, left_out;
        by_size[]    size_px, as_they_are;
          scores       n, clusters; accuracy, macro_* and weighted_* each {value, low, high} (95 %, or null);
                       classes[] {precision, recall, f1, support}; confusion[target][answer]
          calibration  ece, nll, bins[] {low, high, count, confidence, accuracy}
          selective    coverage, precision, aurc, curve[] [coverage, fraction of errors], recall[] by class; or null
      effective_sizes[]  size_px, n, median_px, low_px, high_px, within
      mistakes[]  index, name, target, answer, confidence: headline view, largest size
      prior       name of the headline's prior: trained, even, given, estimated; shares {label: share}, empty where
                  estimated; estimates[] size_px, estimate {prior, low, high {label: share}, faces}; true_shares

All fractions are in 0..1.
"""

import base64
import io
import json
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.evaluation import plots
from ekspresi.evaluation.provenance import Provenance
from ekspresi.evaluation.results import WITHIN_FACTOR, Evaluation, Mistake
from ekspresi.imaging.degradations import shrink
from ekspresi.system.storage import MAKER, atomic_write, ensure_folder
from ekspresi.visualization.html_pages import load_page_template

FORMAT = 2
"""Format of ``report.json``."""

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def report_files(folder: Path) -> tuple[Path, Path]:
    """Return the paths of report.json and report.html in a folder.

    >>> [file.name for file in report_files(Path("runs/mine"))]
    ['report.json', 'report.html']
    """
    return folder / "report.json", folder / "report.html"


def write_report(
    evaluation: Evaluation, provenance: Provenance, folder: Path, faces: FaceDataset | None = None
) -> tuple[Path, Path]:
    """Write report.json and report.html.

    Args:
        evaluation: the figures.
        provenance: their provenance.
        folder: the folder to write into, created if missing.
        faces: the data set. With it, the page shows the most confident mistakes and falls under the data set's terms.
            None leaves the gallery out.

    Returns:
        Paths of report.json and report.html.

    Raises:
        OutputError: the files cannot be written.

    >>> import tempfile
    >>> import numpy as np
    >>> from ekspresi.evaluation.evaluate import evaluate
    >>> from ekspresi.evaluation.provenance import EvaluationRequest, make_provenance
    >>> from ekspresi.recognition.recognizer import Recognizer
    >>> model, votes = Recognizer(), np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a.png", "b.png"])
    >>> faces = FaceDataset("folder", "my/faces", ("anger", "fear"), images, votes, votes[:, :0], names)
    >>> asked = EvaluationRequest("all", 0, 0, "all", "ekspresi evaluate folder:my/faces")
    >>> evaluation, provenance = evaluate(model, faces, np.arange(2), sizes=[48]), make_provenance(model, faces, asked)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_report(evaluation, provenance, Path(folder))]
    ['report.json', 'report.html']
    """
    ensure_folder(folder)
    page = _page(evaluation, provenance, faces)
    record = {
        "format": FORMAT,
        "made_by": MAKER,
        "headline": evaluation.headline.name,
        "provenance": provenance.to_dict(),
        "evaluation": evaluation.to_dict(),
    }
    targets = report_files(folder)
    texts = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n", page
    for target, text in zip(targets, texts, strict=True):
        with atomic_write(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return targets


def _page(evaluation: Evaluation, provenance: Provenance, faces: FaceDataset | None) -> str:
    view = evaluation.headline
    sizes = plots.select_reliability_sizes(evaluation.sizes_px)
    results = [view.at(size) for size in sizes]
    template = load_page_template(_TEMPLATE)
    return template.render(
        evaluation=evaluation,
        provenance=provenance,
        view=view,
        largest=results[0],
        smallest=view.by_size[-1],
        shown=results,
        by_size_plot=Markup(plots.plot_by_size(view)),
        confusion_plots=[(r.size_px, Markup(plots.plot_confusion(view, r))) for r in results],
        masked=evaluation.masked,
        prior=evaluation.prior,
        selective_plot=Markup(plots.plot_risk_coverage(view)) if view.by_size[0].selective else None,
        within_factor=WITHIN_FACTOR,
        reliability_plots=[(r, Markup(plots.plot_reliability(r))) for r in results],
        gallery=None if faces is None else [(m, _picture(faces, m, sizes[0])) for m in evaluation.mistakes],
    )


def _picture(faces: FaceDataset, mistake: Mistake, size_px: int) -> str:
    """Encode the face that the model saw as a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(shrink(faces.images[mistake.index], size_px)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
