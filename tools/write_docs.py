"""Reports and the demo -> the figures in ``docs/results.md`` and ``README.md``: nobody types a figure.

In: the ``report.json`` files of ``ekspresi evaluate`` and the run folders of ``ekspresi train``, where the commands
below put them, and ``make demo``. Out: ``docs/results.md``, the marked parts of ``README.md``, and the demo's
pictures in ``docs/pictures``. Run it from the repository after the commands it names.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ekspresi.reporting.provenance import cpu_name

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ("corridor.jpg", "astronaut.jpg", "strip.png")


@dataclass(frozen=True)
class Section:
    """One report of docs/results.md: where it lies and the commands that made it."""

    title: str
    text: str
    run: str
    report: str
    commands: tuple[str, ...]


SECTIONS = (
    Section(
        "The bundled model on FER+",
        "Trained on FER+ `Training` without any exact or near duplicate of a test face, the epoch chosen on "
        "`PublicTest`, reported once on `PrivateTest`. The headline is the de-duplicated `PrivateTest`, arg-max. These "
        "weights were trained before the random numbers of the data loader were kept apart from those of dropout: the "
        "command trains the same model on the same faces, but draws other dropout masks, so it will not end with the "
        "same bits.",
        "runs/bundled",
        "runs/bundled-on-ferplus",
        (
            "ekspresi train --config configs/bundled.toml --out runs/bundled",
            "ekspresi export runs/bundled --out src/ekspresi/assets/ekspresi-b0.onnx",
            "ekspresi evaluate ferplus:data/ferplus --out runs/bundled-on-ferplus",
        ),
    ),
    Section(
        "The bundled model on CK+48, which it never saw",
        "Cross-data-set: the six classes that FER+ and CK+48 share. *Masked* is the arg-max over those six; in "
        "*unmasked* an answer of neutral or contempt is an error.",
        "runs/bundled",
        "runs/bundled-on-ckplus48",
        ("ekspresi evaluate ckplus48:data/CK+48 --out runs/bundled-on-ckplus48",),
    ),
    Section(
        "The paper's experiment, `subject-10fold`, one fold",
        "EfficientNet-B0 with every layer fine-tuned, torch's RMSprop, classes oversampled in the training side, "
        "started from the bundled weights (FER+). Nobody in the test fold is seen in training. One fold is a small "
        "test (see the intervals); the full study pools ten.",
        "runs/ckplus48-fold0",
        "runs/ckplus48-fold0-report",
        (
            "ekspresi train --config configs/ckplus48.toml --out runs/ckplus48-fold0",
            "ekspresi export runs/ckplus48-fold0",
            "ekspresi evaluate ckplus48:data/CK+48 --model runs/ckplus48-fold0/model.onnx "
            "--out runs/ckplus48-fold0-report",
        ),
    ),
    Section(
        "The paper's experiment, `paper-split`",
        "The same training on a random split of the *images*. **Leaky:** most test images have a neighbouring frame "
        "of the same clip in training, so these figures say little about new people; they stand here because the "
        "paper's protocol reads like this one.",
        "runs/ckplus48-paper",
        "runs/ckplus48-paper-report",
        (
            "ekspresi train --config configs/ckplus48.toml --split paper-split --out runs/ckplus48-paper",
            "ekspresi export runs/ckplus48-paper",
            "ekspresi evaluate ckplus48:data/CK+48 --model runs/ckplus48-paper/model.onnx "
            "--out runs/ckplus48-paper-report",
        ),
    ),
)

PAPER = {"accuracy": 96.0, "macro_recall": 96.0, "macro_precision": 96.5, "macro_f1": 95.84}
"""What the paper states for RMSProp; it names neither its split nor how it averages over classes."""


def main() -> None:
    """Write all of it; stops at the first report that is not there."""
    reports = [json.loads((ROOT / section.report / "report.json").read_text(encoding="utf-8")) for section in SECTIONS]
    parts = [HEAD]
    parts += [section_text(section, report) for section, report in zip(SECTIONS, reports, strict=True)]
    parts.append(cost_text())
    (ROOT / "docs" / "results.md").write_text("\n".join(parts), encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    text = between(text, "figures", readme_figures(reports))
    text = between(text, "demo", f"```text\n{demo_output()}\n```")
    readme.write_text(text, encoding="utf-8")
    print("written: docs/results.md, README.md, docs/pictures")


HEAD = """# Results

Every table is written by `tools/write_docs.py` from the reports of the commands above it. Face size is the side of
the face crop in pixels before any enlargement; faces are shrunk by antialiased averaging (suite *clean*), which is
synthetic and not the accuracy on real CCTV. Square brackets hold 95 % intervals from resampling subjects, or images
where subjects are unknown. What the protocols and customs mean stands in
[design.md](design.md#protocol-what-makes-a-number-believable).
"""


def section_text(section: Section, report: dict[str, Any]) -> str:
    """One section of docs/results.md."""
    provenance = report["provenance"]
    headline = next(view for view in report["evaluation"]["views"] if view["name"] == report["headline"])
    lines = [f"## {section.title}", "", section.text, "", "```sh", *section.commands, "```", ""]
    lines += [made(section, provenance), ""]
    lines += [f"Headline view: **{headline['name']}**, {headline['by_size'][0]['scores']['n']:,} faces.", ""]
    lines += ["| face size | accuracy | macro-F1 | macro precision | macro recall | ECE |", "|---|---|---|---|---|---|"]
    for row in headline["by_size"]:
        scores = row["scores"]
        cells = [interval(scores[name]) for name in ("accuracy", "macro_f1", "macro_precision", "macro_recall")]
        lines.append(f"| {row['size_px']} px | {' | '.join(cells)} | {100 * ece(row):.1f} |")
    lines += ["", "Accuracy in all views:", ""]
    sizes = [row["size_px"] for row in headline["by_size"]]
    lines += ["| view | faces | " + " | ".join(f"{size} px" for size in sizes) + " |", "|---" * (len(sizes) + 2) + "|"]
    for view in report["evaluation"]["views"]:
        cells = [f"{100 * row['scores']['accuracy']['value']:.1f}" for row in view["by_size"]]
        lines.append(f"| {view['name']} | {view['by_size'][0]['scores']['n']:,} | {' | '.join(cells)} |")
    lines += ["", "Recall by class, headline view:", ""]
    lines += ["| class | faces | " + " | ".join(f"{size} px" for size in sizes) + " |", "|---" * (len(sizes) + 2) + "|"]
    for i, label in enumerate(headline["labels"]):
        of_size = [row["scores"]["classes"][i] for row in headline["by_size"]]
        cells = [f"{100 * scores['recall']:.1f}" if scores["support"] else "" for scores in of_size]
        lines.append(f"| {label} | {of_size[0]['support']} | {' | '.join(cells)} |")
    if "paper" in section.title.lower():
        sharp = headline["by_size"][0]["scores"]
        lines += ["", "| at 48 px | accuracy | recall | precision | F1 |", "|---|---|---|---|---|"]
        lines += ["| paper (RMSProp) | " + " | ".join(f"{PAPER[k]:g}" for k in PAPER) + " |"]
        lines += ["| here (macro) | " + " | ".join(f"{100 * sharp[k]['value']:.1f}" for k in PAPER) + " |"]
    for warning in provenance["warnings"]:
        lines += ["", f"> {warning}"]
    return "\n".join([*lines, ""])


def cost_text() -> str:
    """The section on time and size, measured now, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-compile", str(ROOT)], check=True)
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file() and not file.is_symlink())
        photo = str(ROOT / "examples" / "astronaut.jpg")
        whole = median_seconds([str(python), "-m", "ekspresi", "predict", photo])
        reference = median_seconds([str(python), "-c", "import numpy, PIL.Image, onnxruntime"])
    return f"""## Time and size

| what | figure |
|---|---|
| `ekspresi predict examples/astronaut.jpg`, a new process each time, median of 7 | {whole:.2f} s |
| `python -c "import numpy, PIL.Image, onnxruntime"`, the same way in the same run | {reference:.2f} s |
| base environment, `pip install .` into a fresh one, pip itself included | {size / 1e6:.0f} MB |
| bundled model file | {(ROOT / "src/ekspresi/assets/ekspresi-b0.onnx").stat().st_size / 1e6:.1f} MB |

Measured by `tools/write_docs.py` on {cpu_name()}, {datetime.now(UTC):%Y-%m-%d}.
"""


def median_seconds(command: list[str]) -> float:
    """Wall time of a whole process, median of seven after one that warms the file cache."""
    times = []
    for _ in range(8):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def made(section: Section, provenance: dict[str, Any]) -> str:
    """Machine, date and cost of a section, in a line."""
    run = json.loads((ROOT / section.run / "run.json").read_text(encoding="utf-8"))
    machine = run["machine"]["gpu"] or f"{run['machine']['cores']} CPU cores"
    return (
        f"Trained on {machine} in {run['seconds'] / 60:.0f} minutes ({run['epochs_done']} epochs, number "
        f"{run['best']['epoch'] + 1} kept, seed 0, torch {run['versions']['torch']}); measured on "
        f"{provenance['cpu']} on {provenance['date'][:10]}; model SHA-256 `{provenance['model_sha256'][:12]}`."
    )


def ece(row: dict[str, Any]) -> float:
    """Expected calibration error of one size, 0..1."""
    return float(row["calibration"]["ece"])


def interval(figure: dict[str, Any]) -> str:
    """A figure with its interval, in percent."""
    if figure["low"] is None:
        return f"{100 * figure['value']:.1f}"
    return f"{100 * figure['value']:.1f} [{100 * figure['low']:.1f}, {100 * figure['high']:.1f}]"


def readme_figures(reports: list[dict[str, Any]]) -> str:
    """The small table of the README."""
    rows = []
    sizes: list[int] = []
    for section, report in zip(SECTIONS, reports, strict=True):
        view = next(view for view in report["evaluation"]["views"] if view["name"] == report["headline"])
        sizes = [row["size_px"] for row in view["by_size"]]
        cells = [f"{100 * row['scores']['accuracy']['value']:.1f}" for row in view["by_size"]]
        rows.append(f"| {section.title} | {view['by_size'][0]['scores']['n']:,} | {' | '.join(cells)} |")
    head = "| accuracy, % | faces | " + " | ".join(f"{size} px" for size in sizes) + " |"
    date, cpu = reports[0]["provenance"]["date"][:10], reports[0]["provenance"]["cpu"]
    note = f"Measured on {cpu}, {date}; the commands and intervals stand in [docs/results.md](docs/results.md)."
    return "\n".join([head, "|---" * (len(sizes) + 2) + "|", *rows, "", note])


def demo_output() -> str:
    """Run the demo, keep its pictures, return what it printed."""
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    result = subprocess.run(
        [sys.executable, "tools/demo.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    for name in PICTURES:
        shutil.copy(ROOT / "demo" / name, ROOT / "docs" / "pictures" / name)
    return result.stdout.replace(f"{ROOT}/", "").strip()


def between(text: str, name: str, new: str) -> str:
    """``text`` with ``new`` between the markers of ``name``.

    Raises:
        SystemExit: the markers are not there.
    """
    pattern = re.compile(f"(<!-- {name}: written by tools/write_docs.py -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md: has no markers for '{name}'")
    return pattern.sub(lambda match: match[1] + new + "\n" + match[2], text)


if __name__ == "__main__":
    main()
