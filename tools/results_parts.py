"""Reports -> what stands in each section of ``docs/results.md``, in the README's table and in the model card.

In: the ``report.json`` files of ``ekspresi evaluate``, and of a few parts other files of ``runs/``, as
``results_pages`` names them. Out: lines of Markdown. Knows nothing of markers, and does not ask which files are there.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import results_pages as pages
import results_peers as peers
import results_study as studies
import results_tables as tables
import results_video as video
from ekspresi.recognition import Recognizer
from ekspresi.study.page import PAPER

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = tuple(section for section in pages.SECTIONS if section.kind == "bundled")
"""Sections whose headline stands in the README's table."""

START, RECORD = "runs/bundled-start/model.onnx", "runs/bundled/run.json"
"""What tells the cost of the bundled model: its first part's model file, its second part's record."""


def load(path: str) -> dict[str, Any]:
    """A JSON file below the repository."""
    content: dict[str, Any] = json.loads((ROOT / path).read_text(encoding="utf-8"))
    return content


def bundled(section: pages.Section) -> Iterator[str]:
    """The bundled model on one data set."""
    report = load(section.files[0])
    yield from (made(report), "")
    yield from tables.scores(report)
    for view in tables.with_silence(report):
        yield from tables.silence(view)
    yield from tables.effective(report)
    yield from warnings([report])


def paper(section: pages.Section) -> Iterator[str]:
    """The paper's experiment beside the paper's own figures."""
    report = load(section.files[0])
    yield from (made(report), "")
    yield from tables.scores(report)
    sharp = tables.view_of(report)["by_size"][0]["scores"]
    yield from tables.table(
        ("at 48 px", "accuracy", "recall", "precision", "F1"),
        (
            ["paper (RMSProp)", *(f"{value:g}" for value in PAPER.values())],
            ["here (macro)", *(tables.percent(sharp[name]["value"]) for name in PAPER)],
        ),
    )
    yield from warnings([report])


def aims(section: pages.Section) -> Iterator[str]:
    """Aims and what came of them."""
    return tables.aims(*(load(file) for file in section.files))


def beside(section: pages.Section) -> Iterator[str]:
    """The bundled model beside other tools."""
    ferplus, ckplus = (load(file) for file in section.files)
    yield from peers.beside(peers.contests(ferplus, ckplus), peers.widest_interval(ckplus))
    yield from ("", f"Ekspresi measured {where([ferplus, ckplus])}.")


def study(section: pages.Section) -> Iterator[str]:
    """The paper's study."""
    return studies.section(load(section.files[0]))


def readme_study() -> Iterator[str]:
    """The study's rows in the README."""
    return studies.readme(load(pages.STUDY))


def ablation(_: pages.Section) -> Iterator[str]:
    """What each change brought on validation faces."""
    yield from tables.ablation([(name, tables.view_of(load(file))) for name, file in pages.ABLATION])
    yield from tables.learning(sorted((ROOT / pages.LEARNING).parents[1].glob("part-*/metrics.csv")))


def ablation_short(section: pages.Section) -> Iterator[str]:
    """The variants of a section whose reports are there."""
    every = (*pages.VARIANTS, *pages.ON_VARIANTS)
    variants = [each for each in every if each.report in section.files and (ROOT / each.report).exists()]
    reports = [load(variant.report) for variant in variants]
    rows = []
    for variant, report in zip(variants, reports, strict=True):
        flags = f" (`{variant.flags}`)" if variant.flags else ""
        rows.append((f"{variant.name}{flags}: {variant.meaning}", tables.view_of(report)))
    trainings = [report["provenance"]["model_provenance"] for report in reports]
    yield from tables.ablation(rows, [training["seconds"] for training in trainings])
    torch = joined(training["versions"]["torch"] for training in trainings)
    seed = joined(str(training["config"]["seed"]) for training in trainings)
    yield from (f"Trained with torch {torch}, seed {seed}; measured {where(reports)}.", "")
    yield from warnings(reports)


def suites(section: pages.Section) -> Iterator[str]:
    """One model through each suite."""
    return tables.suites([load(file) for file in section.files])


def speed(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/speed.py`` found."""
    found = load(section.files[0])
    yield from tables.speed(found)
    yield timed(found)


def int8(section: pages.Section) -> Iterator[str]:
    """What ``tools/quantise.py`` found."""
    found = load(section.files[0])
    yield from tables.int8(found)
    yield timed(found)


def finding(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/detection.py`` found of detectors."""
    return video.finding(load(section.files[0]))


def crops(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/detection.py`` found of the recogniser behind them."""
    return video.crops(load(section.files[0]))


def fused(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/fusion.py`` found."""
    return video.fused(load(section.files[0]))


def cuts(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/cuts.py`` found."""
    return video.cuts(load(section.files[0]))


def videos(section: pages.Section) -> Iterator[str]:
    """What ``benchmarks/pipeline.py``, ``endurance.py`` and ``long_video.py`` found, as far as they ran."""
    for file, lines in zip(section.files, (video.pipeline, video.endurance, video.long_video), strict=True):
        if (ROOT / file).exists():
            yield from (*lines(load(file)), "")


def timed(found: dict[str, Any]) -> str:
    """Machine and date of a benchmark, in a line."""
    sha, date = found["model_sha256"][:12], found["date"][:10]
    return f"Measured on {found['cpu']}, {found['threads']} threads, {date}; model SHA-256 `{sha}`."


def made(report: dict[str, Any]) -> str:
    """What a training cost as far as the model file tells, machine and date of the measuring, in a line."""
    training = report["provenance"]["model_provenance"]
    if not training.get("best"):  # written when a training comes to its last epoch
        return f"Measured {where([report])}."
    config = training["config"]
    return (
        f"Trained in {training['seconds'] / 60:.0f} minutes ({config['epochs']} epochs, number "
        f"{training['best']['epoch'] + 1} kept, seed {config['seed']}, torch {training['versions']['torch']}); "
        f"measured {where([report])}."
    )


def where(reports: Sequence[dict[str, Any]]) -> str:
    """Machine and date of the measuring, and which models."""
    cpu, date = machine_and_date(reports)
    models = joined(f"`{report['provenance']['model_sha256'][:12]}`" for report in reports)
    return f"on {cpu} on {date}; model SHA-256 {models}"


def machine_and_date(reports: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Processor and day of the measuring."""
    origins = [report["provenance"] for report in reports]
    return joined(each["cpu"] for each in origins), joined(each["date"][:10] for each in origins)


def joined(words: Iterable[str]) -> str:
    """Each word once, in its order: one where all are alike."""
    return ", ".join(dict.fromkeys(words))


def warnings(reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What the reports themselves warn of."""
    for warning in dict.fromkeys(warning for report in reports for warning in report["provenance"]["warnings"]):
        yield from (f"> {warning}", "")


def card() -> Iterator[str]:
    """The model card's figures."""
    ferplus, ckplus = load(pages.ON_FERPLUS), load(pages.ON_CKPLUS)
    view = tables.view_of(ferplus)
    yield from (f"FER+ `PrivateTest`, de-duplicated, arg-max, {view['by_size'][0]['scores']['n']:,} faces:", "")
    rows = []
    for row in view["by_size"]:
        figures = (tables.interval(row["scores"]["accuracy"]), tables.interval(row["scores"]["macro_f1"]))
        rows.append([f"{row['size_px']} px", *figures, *confidence(row)])
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
    for shown in tables.with_silence(ckplus):
        yield from (f"CK+48, **{shown['name']}**, what the confidence is worth there:", "")
        rows = [[f"{row['size_px']} px", *confidence(row)] for row in shown["by_size"]]
        yield from tables.table(("face size", "ECE", "answered", "right then"), rows)
        yield from (tables.kept_promise(shown), "")
    yield f"Measured {where([ferplus, ckplus])}; commands and intervals in [results.md](results.md)."


def confidence(row: dict[str, Any]) -> tuple[str, str, str]:
    """Calibration error, share answered and right among those at a size."""
    return (
        tables.percent(row["calibration"]["ece"]),
        tables.percent(row["selective"]["coverage"]),
        tables.right_then(row),
    )


def training_cost() -> Iterator[str]:
    """Time of the two trainings that made the model, as their files say, and what that may be in energy."""
    first = Recognizer(ROOT / START).metadata.provenance
    second = load(RECORD)
    hours = (first["seconds"] + second["seconds"]) / 3600
    epochs, cores = (first["config"]["epochs"], second["epochs_done"]), second["machine"]["cores"]
    yield (
        f"{epochs[0]} and {epochs[1]} epochs, {hours:.1f} hours in all on {cores} cores of "
        f"{second['machine']['cpu'].split(',')[0]}. The energy was not measured; at an assumed 10 W a core it is "
        f"{hours * cores * 10 / 1000:.2f} kWh."
    )


def readme_figures(sections: Sequence[pages.Section]) -> Iterator[str]:
    """A small table of the README, and where answers are withheld, what became of that."""
    rows, reports = [], [load(section.files[0]) for section in sections]
    for section, report in zip(sections, reports, strict=True):
        view = tables.view_of(report)
        views = [(section.row, view)]
        even = [each for each in report["evaluation"]["views"] if each["name"] == f"{view['name']}, even prior"]
        views += [(f"{section.row}, even prior", each) for each in even]
        for title, each in views:
            cells = [f"{value:.1f}" for value in tables.accuracies(each).values()]
            rows.append([title, f"{each['by_size'][0]['scores']['n']:,}", *cells])
    sizes = [f"{size} px" for size in tables.accuracies(tables.view_of(reports[0]))]
    yield from tables.table(("accuracy, %", "faces", *sizes), rows)
    yield from withheld(sections, reports)
    cpu, date = machine_and_date(reports)
    yield f"Measured on {cpu}, {date}; the commands and intervals stand in [docs/results.md](docs/results.md)."


def withheld(sections: Sequence[pages.Section], reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What share of the answers is right where the model withholds those it is unsure of, in a paragraph."""
    found, views = [], []
    for section, report in zip(sections, reports, strict=True):
        for view in tables.with_silence(report):
            other = f"{section.row.split(',')[0]}, {view['name'].removeprefix('all faces, ')}"
            found.append(f"{tables.span(view)} on {section.row if view['name'] == report['headline'] else other}")
            views.append(view)
    if found:
        answered = {size for view in views for size in tables.precisions(view)}
        silent = [size for size in tables.accuracies(views[0]) if size not in answered]
        none = f" At {tables.in_px(silent)} it answers none." if silent else ""
        yield (
            f"Right among the faces that it answers, where {100 * tables.PROMISED:.0f} % were aimed at, from the worst "
            f"size to the best: {'; '.join(found)}.{none}"
        )
        yield ""
