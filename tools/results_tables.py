"""Reports of ``ekspresi evaluate`` -> the tables of ``docs/results.md``, as Markdown.

In: the content of ``report.json`` files. Out: lines of text. Knows nothing of where reports lie or which sections the
page has.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Report = dict[str, Any]

FERPLUS = {"floor": (75, 73, 69, 62, 51), "target": (82, 80, 76, 70, 58)}
FERPLUS_MAJORITY = {"target": (86, 84, 80, 73, 61)}
CKPLUS = {"floor": (80, 78, 72, 66, 54), "target": (92, 90, 84, 76, 62)}
AIMED_PX = (48, 24, 16, 12, 8)
LARGEST_ECE = 0.03
SMALLEST_WITHIN = 0.9
PROMISED = 0.92
"""How many of the answers the thresholds were set to have right."""


def view_of(report: Report, name: str | None = None) -> dict[str, Any]:
    """A view by its name; the headline where none is given."""
    wanted = name or report["headline"]
    found: dict[str, Any] = next(view for view in report["evaluation"]["views"] if view["name"] == wanted)
    return found


def accuracies(view: dict[str, Any]) -> dict[int, float]:
    """Face size in pixels -> accuracy, percent."""
    return {row["size_px"]: 100 * row["scores"]["accuracy"]["value"] for row in view["by_size"]}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, and an empty line."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [lines[0], "|---" * len(head) + "|", *lines[1:], ""]


def scores(report: Report) -> Iterator[str]:
    """The headline at every size; all views; recall by class."""
    view = view_of(report)
    yield f"Headline view: **{view['name']}**, {view['by_size'][0]['scores']['n']:,} faces."
    yield ""
    rows = []
    for row in view["by_size"]:
        figures = [row["scores"][name] for name in ("accuracy", "macro_f1", "macro_precision", "macro_recall")]
        rows.append([f"{row['size_px']} px", *map(interval, figures), percent(row["calibration"]["ece"])])
    yield from table(("face size", "accuracy", "macro-F1", "macro precision", "macro recall", "ECE"), rows)
    yield "Accuracy in all views:"
    yield ""
    sizes = [f"{row['size_px']} px" for row in view["by_size"]]
    rows = [
        [each["name"], f"{each['by_size'][0]['scores']['n']:,}", *(f"{a:.1f}" for a in accuracies(each).values())]
        for each in report["evaluation"]["views"]
    ]
    yield from table(("view", "faces", *sizes), rows)
    yield "Recall by class, headline view:"
    yield ""
    rows = []
    for i, label in enumerate(view["labels"]):
        by_size = [row["scores"]["classes"][i] for row in view["by_size"]]
        if by_size[0]["support"]:
            rows.append([label, str(by_size[0]["support"]), *(percent(each["recall"]) for each in by_size)])
    yield from table(("class", "faces", *sizes), rows)


def with_silence(report: Report) -> list[dict[str, Any]]:
    """The headline where it tells what was answered, else all views that do."""
    headline = view_of(report)
    views = report["evaluation"]["views"]
    return [headline] if headline["by_size"][0]["selective"] else [v for v in views if v["by_size"][0]["selective"]]


def silence(view: dict[str, Any]) -> Iterator[str]:
    """Coverage and precision of a view at the thresholds of the model file, and its calibration error."""
    yield f"**{view['name']}**: answered at the thresholds of the model file, and right among the answered:"
    yield ""
    rows = []
    for row in view["by_size"]:
        answered = row["selective"]
        figures = (percent(answered["coverage"]), right_then(row), f"{answered['aurc']:.3f}")
        rows.append([f"{row['size_px']} px", *figures, percent(row["calibration"]["ece"])])
    yield from table(("face size", "answered", "right then", "area under the risk-coverage curve", "ECE"), rows)
    yield from (kept_promise(view), "")


def right_then(row: dict[str, Any]) -> str:
    """Right among the answered at a size, in percent."""
    precision = row["selective"]["precision"]
    return "none answered" if precision is None else percent(precision)


def precisions(view: dict[str, Any]) -> dict[int, float]:
    """Face size in pixels -> right among the answered, 0..1, where any is answered."""
    rows = {row["size_px"]: row["selective"]["precision"] for row in view["by_size"]}
    return {size: precision for size, precision in rows.items() if precision is not None}


def span(view: dict[str, Any]) -> str:
    """Right among the answered, from the worst size to the best, in percent."""
    found = precisions(view).values() or [0.0]
    return f"{percent(min(found))} to {percent(max(found))} %"


def kept_promise(view: dict[str, Any]) -> str:
    """At which sizes as many of the answers are right as the thresholds were set for."""
    found = precisions(view)
    if not found:
        return "Nothing is answered at any size."
    kept = [size for size, precision in found.items() if round(precision, 3) >= PROMISED]  # as the table shows it
    broken = [size for size in found if size not in kept]
    parts = [f"{word} at {in_px(px)}" for word, px in (("holds", kept), ("does **not** hold", broken)) if px]
    return (
        f"That {100 * PROMISED:.0f} % of the answers are right {' and '.join(parts)}: {span(view)} are, size by size."
    )


def listed(words: Sequence[str]) -> str:
    """Words -> 'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def in_px(sizes: Sequence[int]) -> str:
    """Face sizes in words."""
    return f"{listed([str(size) for size in sizes])} px"


def effective(report: Report) -> Iterator[str]:
    """How well effective sizes are told."""
    yield (
        "Effective size: faces shrunk to a size (suite clean) and enlarged again to 48 to 112 px by a random kernel, "
        "and what the model takes them for:"
    )
    yield ""
    rows = [
        [
            f"{e['size_px']} px",
            f"{e['n']:,}",
            f"{e['median_px']:.1f} px",
            f"{e['low_px']:.1f} to {e['high_px']:.1f} px",
            percent(e["within"]),
        ]
        for e in report["evaluation"]["effective_sizes"]
    ]
    yield from table(("shrunk to", "faces", "median estimate", "5 to 95 %", "within a factor 1.5"), rows)


def suites(reports: Sequence[Report]) -> Iterator[str]:
    """Accuracy, and calibration error, of the headline in each suite."""
    rows = []
    for report in reports:
        view = view_of(report)
        errors = [percent(row["calibration"]["ece"]) for row in view["by_size"]]
        answered = [
            f"{percent(row['selective']['coverage'])}, {right_then(row)}"
            if row["selective"]["coverage"]
            else right_then(row)
            for row in view["by_size"]
        ]
        found = zip(accuracies(view).values(), errors, answered, strict=True)
        cells = [f"{a:.1f} ({e}; {b})" for a, e, b in found]
        rows.append([report["evaluation"]["suite"], *cells])
    sizes = [f"{size} px" for size in accuracies(view_of(reports[0]))]
    yield from table(("suite: accuracy (ECE; answered, right then), %", *sizes), rows)


def aims(ferplus: Report, ckplus: Report) -> Iterator[str]:
    """What was aimed at before the training, what came of it, and by how much it was missed."""
    majority = ferplus["headline"].replace("arg-max", "majority")
    masked = ckplus["headline"]
    lines = (
        ("FER+ PrivateTest, de-duplicated, arg-max", accuracies(view_of(ferplus)), FERPLUS),
        ("the same, majority", accuracies(view_of(ferplus, majority)), FERPLUS_MAJORITY),
        ("CK+48 unseen, masked", accuracies(view_of(ckplus)), CKPLUS),
        ("CK+48 unseen, masked, even prior", accuracies(view_of(ckplus, f"{masked}, even prior")), CKPLUS),
    )
    rows = []
    for name, found, wanted in lines:
        rows.append([f"**{name}**", *(f"**{found[size]:.1f}**" for size in AIMED_PX)])
        for kind, values in wanted.items():
            gaps = [found[size] - value for size, value in zip(AIMED_PX, values, strict=True)]
            cells = [f"{value} ({gap:+.1f})" for value, gap in zip(values, gaps, strict=True)]
            rows.append([kind, *cells])
    yield from table(("accuracy, %", *(f"{size} px" for size in AIMED_PX)), rows)
    worst = max(row["calibration"]["ece"] for row in view_of(ferplus)["by_size"])
    sharp = view_of(ferplus)["by_size"][0]["selective"]
    poorest = min(ferplus["evaluation"]["effective_sizes"], key=lambda e: e["within"])
    yield from table(
        ("aim", "found", "reached"),
        (
            ("ECE at most 3 % at every size", f"{percent(worst)} at worst", said(worst <= LARGEST_ECE)),
            (
                "effective size within a factor 1.5 for 90 %",
                f"{percent(poorest['within'])} at {poorest['size_px']} px, the worst",
                said(poorest["within"] >= SMALLEST_WITHIN),
            ),
            (
                f"{100 * PROMISED:.0f} % right among the answered at 48 px",
                f"{percent(sharp['precision'] or 0)} of {percent(sharp['coverage'])} answered",
                said((sharp["precision"] or 0) >= PROMISED),
            ),
        ),
    )


def ablation(rows: Sequence[tuple[str, dict[str, Any]]], seconds: Sequence[float] = ()) -> Iterator[str]:
    """Name and view of each variant -> accuracy at the sizes of the aims, macro-F1 at 48 and 16 px, training time."""
    cells = []
    for name, view in rows:
        found = accuracies(view)
        macro = {row["size_px"]: 100 * row["scores"]["macro_f1"]["value"] for row in view["by_size"]}
        cells.append([name, *(f"{found[size]:.1f}" for size in AIMED_PX), f"{macro[48]:.1f} / {macro[16]:.1f}"])
    head = ["variant", *(f"{size} px" for size in AIMED_PX), "macro-F1, 48 / 16 px"]
    if seconds:
        head.append("training, s")
        cells = [[*row, f"{each:,.0f}"] for row, each in zip(cells, seconds, strict=True)]
    yield from table(head, cells)


def learning(parts: Sequence[Path]) -> Iterator[str]:
    """The metrics of a run, in parts -> accuracy and NLL on validation faces, every fourth epoch and the last."""
    epochs: dict[int, dict[str, str]] = {}
    for part in parts:
        with part.open(newline="") as file:
            epochs |= {int(row["epoch"]): row for row in csv.DictReader(file) if row["val_nll"]}
    shown = [epoch for epoch in sorted(epochs) if epoch % 4 == 3 or epoch in (0, max(epochs))]
    rows = []
    for epoch in shown:
        row = epochs[epoch]
        figures = [f"{100 * float(row[f'val_accuracy_{size}px']):.1f}" for size in (48, 16)]
        rows.append([str(epoch + 1), *figures, *(f"{float(row[f'val_nll_{size}px']):.3f}" for size in (48, 16))])
    yield from table(("epoch", "48 px, %", "16 px, %", "NLL, 48 px", "NLL, 16 px"), rows)


def speed(found: Report) -> Iterator[str]:
    """The lines of ``benchmarks/speed.py``: medians and quartiles."""
    rows = []
    for line in found["lines"]:
        digits = 2 if line["unit"] == "ms" else 0
        cells = [f"{line[key]:,.{digits}f}" for key in ("median", "slow", "fast")]
        rows.append([line["name"].strip(), *cells, line["unit"]])
    yield from table(("what", "median", "slower quartile", "faster quartile", "unit"), rows)


def int8(found: Report) -> Iterator[str]:
    """The trials of ``tools/quantise.py`` and the verdict; what was too slow was not judged on faces."""
    trials = {trial["name"]: trial for table_of in found["tables"].values() for trial in table_of}
    sizes = max((list(trial["loss"]) for trial in trials.values()), key=len)
    rows = []
    for trial in trials.values():
        losses = [f"{0 - trial['loss'][size]:+.1f}" if size in trial["loss"] else "-" for size in sizes]
        gains = f"{trial['gain_one']:.2f} / {trial['gain_batch']:.2f}"
        rows.append([trial["name"], f"{trial['megabytes']:.1f}", gains, *losses])
    yield from table(("trial", "MB", "times as fast, one / batch", *(f"{size} px" for size in sizes)), rows)
    yield (
        "Under the sizes: points of accuracy beside float32 on `PublicTest`; `-` where a trial was timed only. "
        f"Passing the rule: {', '.join(found['passing']) or 'none'}."
    )
    yield ""


def interval(figure: dict[str, Any]) -> str:
    """A figure with its interval, in percent."""
    if figure["low"] is None:
        return percent(figure["value"])
    return f"{percent(figure['value'])} [{percent(figure['low'])}, {percent(figure['high'])}]"


def percent(share: float) -> str:
    """A share 0..1 in percent, with one digit."""
    return f"{100 * share:.1f}"


def said(reached: bool) -> str:
    """A word for it."""
    return "yes" if reached else "**no**"
