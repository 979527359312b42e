"""Reports, measurements and the demo -> the figures in ``docs`` and ``README.md``: nobody types a figure.

In: the ``report.json`` files of ``ekspresi evaluate`` and the run folders of ``ekspresi train``, where the commands of
``results_pages`` put them; ``runs/speed.json`` of ``benchmarks/speed.py``, ``runs/quantise`` of ``tools/quantise.py``.
Out: ``docs/results.md``, the marked parts of ``README.md`` and ``docs/model-card.md``, and the demo's pictures in
``docs/pictures``. Run it from the repository after the commands it names.
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
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import results_pages as pages
import results_tables as tables
from ekspresi.recognition import Recognizer
from ekspresi.reporting.provenance import cpu_name

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ("corridor.jpg", "astronaut.jpg", "strip.png", "explained.png")
PAPER = {"accuracy": 96.0, "macro_recall": 96.0, "macro_precision": 96.5, "macro_f1": 95.84}
"""What the paper states for RMSProp; it names neither its split nor how it averages over classes."""


def main() -> None:
    """Write all of it; stops at the first report that is not there."""
    page = [pages.HEAD]
    for section in pages.SECTIONS:
        page += [f"## {section.title}", "", section.text, ""]
        page += ["```sh", *section.commands, "```", ""] if section.commands else []
        page += [*_PARTS[section.kind](section)]
    page.append(cost_text())
    (ROOT / "docs" / "results.md").write_text("\n".join(page), encoding="utf-8")
    write_between(ROOT / "README.md", "figures", readme_figures())
    write_between(ROOT / "README.md", "demo", f"```text\n{demo_output()}\n```")
    card = ROOT / "docs" / "model-card.md"
    ferplus, ckplus = (report_of(section) for section in pages.SECTIONS if section.kind == "bundled")
    write_between(card, "card", "\n".join(card_figures(ferplus, ckplus)))
    write_between(card, "cost", training_cost())
    print("written: docs/results.md, docs/model-card.md, README.md, docs/pictures")


def report_of(section: pages.Section) -> dict[str, Any]:
    """The report a section is about."""
    return load(Path(section.report) / "report.json")


def load(path: Path) -> dict[str, Any]:
    """A JSON file below the repository."""
    content: dict[str, Any] = json.loads((ROOT / path).read_text(encoding="utf-8"))
    return content


def bundled_part(section: pages.Section) -> Iterator[str]:
    """The bundled model on one data set."""
    report = report_of(section)
    yield from (made(section, report), "")
    yield from tables.scores(report)
    if tables.view_of(report)["by_size"][0]["selective"]:
        yield from tables.silence(report)
    yield from tables.effective(report)
    yield from warnings(report)


def paper_part(section: pages.Section) -> Iterator[str]:
    """The paper's experiment beside the paper's own figures."""
    report = report_of(section)
    yield from (made(section, report), "")
    yield from tables.scores(report)
    sharp = tables.view_of(report)["by_size"][0]["scores"]
    yield from tables.table(
        ("at 48 px", "accuracy", "recall", "precision", "F1"),
        (
            ["paper (RMSProp)", *(f"{value:g}" for value in PAPER.values())],
            ["here (macro)", *(tables.percent(sharp[name]["value"]) for name in PAPER)],
        ),
    )
    yield from warnings(report)


def aims_part(_: pages.Section) -> Iterator[str]:
    """Aims and what came of them."""
    return tables.aims(*(report_of(section) for section in pages.SECTIONS if section.kind == "bundled"))


def ablation_part(_: pages.Section) -> Iterator[str]:
    """What each change brought on validation faces."""
    rows = []
    for name, folder in pages.ABLATION:
        report = load(Path(folder) / "report.json")
        rows.append((name, tables.view_of(report)))
    yield from tables.ablation(rows)
    yield from tables.learning(sorted((ROOT / "runs" / "bundled" / "metrics").glob("part-*/metrics.csv")))


def suites_part(section: pages.Section) -> Iterator[str]:
    """One model through each suite."""
    reports = [load(Path(f"{section.report}{ending}") / "report.json") for ending in ("", "-kernels", "-cctv")]
    return tables.suites(reports)


def speed_part(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/speed.py`` found."""
    found = load(Path(section.report))
    yield from tables.speed(found)
    yield from (measured(found), "")


def int8_part(section: pages.Section) -> Iterator[str]:
    """What ``tools/quantise.py`` found."""
    found = load(Path(section.report))
    yield from tables.int8(found)
    yield from (measured(found), "")


def measured(found: dict[str, Any]) -> str:
    """Machine and date of a benchmark, in a line."""
    sha, date = found["model_sha256"][:12], found["date"][:10]
    return f"Measured on {found['cpu']}, {found['threads']} threads, {date}; model SHA-256 `{sha}`."


_PARTS = {
    "bundled": bundled_part,
    "paper": paper_part,
    "aims": aims_part,
    "ablation": ablation_part,
    "suites": suites_part,
    "speed": speed_part,
    "int8": int8_part,
}


def warnings(report: dict[str, Any]) -> Iterator[str]:
    """What the report itself warns of."""
    for warning in report["provenance"]["warnings"]:
        yield from (f"> {warning}", "")


def made(section: pages.Section, report: dict[str, Any]) -> str:
    """Machine, date and cost of a section, in a line."""
    provenance = report["provenance"]
    run = load(Path(section.run) / "run.json")
    machine = run["machine"]["gpu"] or f"{run['machine']['cores']} CPU cores"
    return (
        f"Trained on {machine} in {run['seconds'] / 60:.0f} minutes ({run['epochs_done']} epochs, number "
        f"{run['best']['epoch'] + 1} kept, seed 0, torch {run['versions']['torch']}); measured on "
        f"{provenance['cpu']} on {provenance['date'][:10]}; model SHA-256 `{provenance['model_sha256'][:12]}`."
    )


def card_figures(ferplus: dict[str, Any], ckplus: dict[str, Any]) -> Iterator[str]:
    """The model card's figures."""
    view = tables.view_of(ferplus)
    yield from (f"FER+ `PrivateTest`, de-duplicated, arg-max, {view['by_size'][0]['scores']['n']:,} faces:", "")
    rows = []
    for row in view["by_size"]:
        answered = row["selective"]
        right = "none answered" if answered["precision"] is None else tables.percent(answered["precision"])
        figures = (tables.interval(row["scores"]["accuracy"]), tables.interval(row["scores"]["macro_f1"]))
        ece, coverage = tables.percent(row["calibration"]["ece"]), tables.percent(answered["coverage"])
        rows.append([f"{row['size_px']} px", *figures, ece, coverage, right])
    yield from tables.table(("face size", "accuracy", "macro-F1", "ECE", "answered", "right then"), rows)
    yield from ("Recall by class there:", "")
    sizes = [f"{row['size_px']} px" for row in view["by_size"]]
    rows = [
        [label, *(tables.percent(row["scores"]["classes"][i]["recall"]) for row in view["by_size"])]
        for i, label in enumerate(view["labels"])
    ]
    yield from tables.table(("class", *sizes), rows)
    yield from ("CK+48, never seen, six shared classes, accuracy:", "")
    rows = [
        [each["name"], *(f"{value:.1f}" for value in tables.accuracies(each).values())]
        for each in ckplus["evaluation"]["views"]
        if each["level"] == "image"
    ]
    yield from tables.table(("view", *sizes), rows)
    provenance = ferplus["provenance"]
    yield (
        f"Measured on {provenance['cpu']} on {provenance['date'][:10]}; model SHA-256 "
        f"`{provenance['model_sha256'][:12]}`; commands and intervals in [results.md](results.md)."
    )


def training_cost() -> str:
    """Time of the two trainings that made the model, as their files say, and what that may be in energy."""
    first = Recognizer(ROOT / "runs" / "bundled-start" / "model.onnx").metadata.provenance
    second = load(Path("runs/bundled/run.json"))
    hours = (first["seconds"] + second["seconds"]) / 3600
    epochs, cores = (first["config"]["epochs"], second["epochs_done"]), second["machine"]["cores"]
    return (
        f"{epochs[0]} and {epochs[1]} epochs, {hours:.1f} hours in all on {cores} cores of "
        f"{second['machine']['cpu'].split(',')[0]}. The energy was not measured; at an assumed 10 W a core it is "
        f"{hours * cores * 10 / 1000:.2f} kWh."
    )


def readme_figures() -> str:
    """The small table of the README."""
    rows, first = [], None
    for section in pages.SECTIONS:
        if section.kind not in ("bundled", "paper"):
            continue
        report = report_of(section)
        first = first or report
        view = tables.view_of(report)
        views = [(section.title, view)]
        even = [each for each in report["evaluation"]["views"] if each["name"] == f"{view['name']}, even prior"]
        views += [(f"{section.title}, even prior", each) for each in even]
        for title, each in views:
            cells = [f"{value:.1f}" for value in tables.accuracies(each).values()]
            rows.append([title, f"{each['by_size'][0]['scores']['n']:,}", *cells])
    assert first is not None
    sizes = [f"{size} px" for size in tables.accuracies(tables.view_of(first))]
    lines = list(tables.table(("accuracy, %", "faces", *sizes), rows))
    date, cpu = first["provenance"]["date"][:10], first["provenance"]["cpu"]
    note = f"Measured on {cpu}, {date}; the commands and intervals stand in [docs/results.md](docs/results.md)."
    return "\n".join([*lines, note])


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
    rows = (
        ("`ekspresi predict examples/astronaut.jpg`, a new process each time, median of 7", f"{whole:.2f} s"),
        ('`python -c "import numpy, PIL.Image, onnxruntime"`, the same way in the same run', f"{reference:.2f} s"),
        ("base environment, `pip install .` into a fresh one, pip itself included", f"{size / 1e6:.0f} MB"),
        ("bundled model file", f"{(ROOT / 'src/ekspresi/assets/ekspresi-b0.onnx').stat().st_size / 1e6:.1f} MB"),
    )
    made_by = f"Measured by `tools/write_docs.py` on {cpu_name()}, {datetime.now(UTC):%Y-%m-%d}."
    return "\n".join(["## Time and size of a command", "", *tables.table(("what", "figure"), rows), made_by, ""])


def median_seconds(command: list[str]) -> float:
    """Wall time of a whole process, median of seven after one that warms the file cache."""
    times = []
    for _ in range(8):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def write_between(path: Path, name: str, new: str) -> None:
    """Put ``new`` between a file's markers of ``name``.

    Raises:
        SystemExit: the markers are not there.
    """
    text = path.read_text(encoding="utf-8")
    pattern = re.compile(f"(<!-- {name}: written by tools/write_docs.py -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{path}: has no markers for '{name}'")
    path.write_text(pattern.sub(lambda match: match[1] + new + "\n" + match[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
