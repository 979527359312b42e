"""Compute for the docs' templates: numbers as text, and figures of reports for sentences.

In: numbers and the content of JSON files. Out: strings, numbers, lists. The sentences are in ``docs/templates``. Does
not know about files, pages or markers.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Found = dict[str, Any]
"""The content of a JSON file, or a part of it."""

PROMISED = 0.92
"""Share of the answers that the thresholds of the model file were set to have right."""


def number(value: float, spec: str) -> str:
    """Format a number as ``format`` does."""
    return format(value, spec)


def percent(share: float) -> str:
    """Write a share, 0..1, in percent with one digit."""
    return f"{100 * share:.1f}"


def share(part: float, whole: float) -> str:
    """Write a part of a whole in whole percent; '-' where the whole is nothing."""
    return f"{100 * part / whole:.0f}" if whole else "-"


def interval(figure: Found) -> str:
    """Write a figure with its interval, where it has one, in percent."""
    if figure["low"] is None:
        return percent(figure["value"])
    return f"{percent(figure['value'])} [{percent(figure['low'])}, {percent(figure['high'])}]"


def won(gain: Sequence[float]) -> str:
    """Write points won with the ends of their interval."""
    return f"{gain[0]:+.1f} [{gain[1]:+.1f}, {gain[2]:+.1f}]"


def yes_no(reached: bool) -> str:
    """Write whether an aim was reached."""
    return "yes" if reached else "**no**"


def bold(text: object) -> str:
    """Mark a text as bold."""
    return f"**{text}**"


def code(text: str) -> str:
    """Mark a text as code."""
    return f"`{text}`"


def start(text: str, length: int) -> str:
    """Cut a text off after its first characters."""
    return text[:length]


def px(size: object) -> str:
    """Write a face size, or a list of them as text, in pixels."""
    return f"{size} px"


def listed(words: Sequence[str]) -> str:
    """Join words as 'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def in_px(sizes: Iterable[int]) -> str:
    """Join face sizes as '48, 32 and 24 px'."""
    return px(listed([str(size) for size in sizes]))


def once(words: Iterable[str]) -> str:
    """Join words in their order, each once: a single one where all are alike."""
    return ", ".join(dict.fromkeys(words))


def paragraphs(text: str) -> str:
    """Put each paragraph, up to an empty line, into one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def table(rows: str) -> str:
    """Put the rule of a Markdown table below the first of its lines."""
    head, *body = rows.strip("\n").split("\n")
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *body]) + "\n"


def view(report: Found, name: str | None = None) -> Found:
    """Find a view of a report by its name; the headline without a name."""
    wanted = name or report["headline"]
    found: Found = next(each for each in report["evaluation"]["views"] if each["name"] == wanted)
    return found


def sizes(view: Found) -> list[int]:
    """List the face sizes of a view, in pixels."""
    return [row["size_px"] for row in view["by_size"]]


def faces(view: Found) -> int:
    """Count the faces of a view."""
    return int(view["by_size"][0]["scores"]["n"])


def accuracies(view: Found) -> dict[int, float]:
    """Map face size in pixels to accuracy in percent."""
    return {row["size_px"]: 100 * row["scores"]["accuracy"]["value"] for row in view["by_size"]}


def f1(view: Found) -> dict[int, float]:
    """Map face size in pixels to macro-F1 in percent."""
    return {row["size_px"]: 100 * row["scores"]["macro_f1"]["value"] for row in view["by_size"]}


def selective_views(report: Found) -> list[Found]:
    """List the headline, under each prior, if it counts what was answered, else all views that do."""
    headline = view(report)
    counted = [each for each in report["evaluation"]["views"] if each["by_size"][0]["selective"]]
    if headline not in counted:
        return counted
    return [each for each in counted if each["name"] in (headline["name"], headline["name"] + ", even prior")]


def lost_classes(view: Found, size_px: int) -> list[str]:
    """List the classes of which no face gets an answer that is right; none for reports without that recall."""
    row = next(row for row in view["by_size"] if row["size_px"] == size_px)
    recalls = row["selective"].get("recall") or [1.0] * len(view["labels"])
    scored = zip(view["labels"], row["scores"]["classes"], recalls, strict=True)
    return [label for label, found, recall in scored if found["support"] and not recall]


def precisions(view: Found) -> dict[int, float]:
    """Map face size to the share that is right among the answered, 0..1, if any is answered."""
    rows = {row["size_px"]: row["selective"]["precision"] for row in view["by_size"]}
    return {size: precision for size, precision in rows.items() if precision is not None}


def precision_span(view: Found) -> str:
    """Write the share right among the answered, from the worst size to the best, in percent."""
    found = precisions(view).values() or [0.0]
    return f"{percent(min(found))} to {percent(max(found))} %"


def promise_kept(view: Found, kept: bool = True) -> list[int]:
    """List the sizes where as many answers are right as promised, or where fewer are."""
    rounded = {size: round(precision, 3) for size, precision in precisions(view).items()}  # as the table shows it
    return [size for size, precision in rounded.items() if (precision >= PROMISED) == kept]


def silent_sizes(views: Sequence[Found]) -> list[int]:
    """List the sizes where no view answers any face."""
    answered = {size for each in views for size in precisions(each)}
    return [size for size in sizes(views[0]) if size not in answered]


def shown_epochs(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Choose the first, the last and every fourth epoch, each once even if a run was resumed."""
    by_epoch = {int(row["epoch"]): row for row in rows if row["val_nll"]}
    return [by_epoch[epoch] for epoch in sorted(by_epoch) if epoch % 4 == 3 or epoch in (0, max(by_epoch))]


def trials(found: Found) -> list[Found]:
    """List the trials of all tables of the int8 report, each once, in their order."""
    by_name = {trial["name"]: trial for rows in found["tables"].values() for trial in rows}
    return list(by_name.values())


def trial_sizes(found: Found) -> list[str]:
    """List the face sizes of the trial that was judged at most sizes."""
    return max((list(trial["loss"]) for trial in trials(found)), key=len)


def recall(view: Found, label: str, size: int) -> float:
    """Find the recall of a class at a face size, 0..1."""
    (row,) = (row for row in view["by_size"] if row["size_px"] == size)
    return float(row["scores"]["classes"][view["labels"].index(label)]["recall"])


def best_arm(arms: Sequence[Found]) -> Found:
    """Find the arm of a study with the highest mean accuracy over the face sizes."""
    return max(arms, key=lambda arm: sum(accuracies(arm["image"]).values()))


def gap_px(arm: Found, others: Sequence[Found], size: int) -> float | None:
    """Subtract from an arm's accuracy that of its namesake under another protocol, in points."""
    namesakes = {other["arm"]: accuracies(other["image"])[size] for other in others}
    return accuracies(arm["image"])[size] - namesakes[arm["arm"]] if arm["arm"] in namesakes else None


def by_search(lines: Sequence[Found]) -> dict[tuple[str, float], dict[int, Found]]:
    """Group the lines of detectors: (detector, smallest face) to face size to line."""
    found: dict[tuple[str, float], dict[int, Found]] = {}
    for line in lines:
        found.setdefault((line["detector"], line["min_face_px"]), {})[line["face_px"]] = line
    return found


def missed(lines: dict[int, Found], wanted: Iterable[tuple[int, float]], part: str, whole: str) -> list[int]:
    """List the sizes where a smaller share, in rounded percent, was found than wanted."""
    found = {size: line[part] / line[whole] if line[whole] else 0.0 for size, line in lines.items()}
    return [size for size, least in wanted if round(100 * found[size]) < least]


def difference(line: Found) -> str:
    """Write the points that detected crops win over given ones, with the paired 95 % interval."""
    n, lost, gained = line["found"], line["only_given"], line["only_detected"]
    mean = (gained - lost) / n
    half = 1.96 * math.sqrt(max((gained + lost) / n - mean**2, 0) / n)
    return won([100 * mean, 100 * (mean - half), 100 * (mean + half)])


def rows_by_step(lines: Sequence[Found], steps: Sequence[float]) -> dict[str, list[Found | None]]:
    """Map each name, sorted, to its line at each step; None if it was not measured."""
    found = {(line["name"], line["step_s"]): line for line in reversed(lines)}
    return {name: [found.get((name, step)) for step in steps] for name in sorted({line["name"] for line in lines})}


FILTERS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        number,
        percent,
        share,
        interval,
        won,
        yes_no,
        bold,
        code,
        start,
        px,
        listed,
        in_px,
        once,
        paragraphs,
        table,
        view,
        sizes,
        faces,
        accuracies,
        f1,
        selective_views,
        lost_classes,
        precisions,
        precision_span,
        promise_kept,
        silent_sizes,
        shown_epochs,
        trials,
        trial_sizes,
        recall,
        best_arm,
        gap_px,
        by_search,
        missed,
        difference,
        rows_by_step,
    )
} | {"from_json": json.loads}
"""Name in the templates -> function."""
