"""Accuracies of other tools and of the bundled model on the same faces -> a table and what it says, in words.

In: the two reports of the bundled model. Out: lines of Markdown. The other tools' figures are constants, measured
outside this repository; knows nothing of how.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import results_tables as tables

Accuracies = Mapping[int, float]
"""Face size in pixels -> accuracy in percent, one digit behind the point."""

SIZES_PX = (48, 32, 24, 16, 12, 8)
FACE_API, FER = "face-api.js", "`fer` (mini-XCEPTION)"
FERPLUS_FACES, CKPLUS_FACES = 2849, 927
"""How many faces the other tools were measured on."""


@dataclass(frozen=True)
class Contest:
    """One set of faces and one way of counting.

    Attributes:
        name: of both.
        ours: of the bundled model, by prior.
        theirs: of the other tools, by name.
    """

    name: str
    ours: dict[str, Accuracies]
    theirs: dict[str, Accuracies]


def by_size(*figures: float) -> Accuracies:
    """Accuracies from 48 px down to 8."""
    return dict(zip(SIZES_PX, figures, strict=True))


ON_FERPLUS = {
    FACE_API: by_size(67.6, 64.6, 57.3, 44.1, 37.8, 34.5),
    FER: by_size(66.5, 62.0, 54.9, 35.2, 31.1, 32.1),
}
ON_CKPLUS = {
    "unmasked": {
        FACE_API: by_size(90.4, 82.5, 72.6, 53.5, 46.4, 20.3),
        FER: by_size(68.5, 64.9, 60.2, 33.4, 24.2, 24.1),
    },
    "masked": {
        FACE_API: by_size(94.6, 88.1, 79.3, 62.4, 49.5, 32.4),
        FER: by_size(72.1, 66.9, 63.8, 36.0, 24.6, 24.9),
    },
}


def contests(ferplus: tables.Report, ckplus: tables.Report) -> list[Contest]:
    """The bundled model's reports -> its figures beside the others', on the same faces.

    Raises:
        ValueError: the faces are not as many as those of the others.
    """
    majority = tables.view_of(ferplus, ferplus["headline"].replace("arg-max", "majority"))
    ours, faces = without(majority, "contempt")
    check(faces, FERPLUS_FACES)
    found = [Contest("FER+", {"trained prior": ours}, ON_FERPLUS)]
    for counting, theirs in ON_CKPLUS.items():
        name = f"all faces, {counting}"
        views = {
            "trained prior": tables.view_of(ckplus, name),
            "even prior": tables.view_of(ckplus, f"{name}, even prior"),
        }
        for view in views.values():
            check(view["by_size"][0]["scores"]["n"], CKPLUS_FACES)
        ours_too = {prior: rounded(tables.accuracies(view)) for prior, view in views.items()}
        found.append(Contest(f"CK+48, {counting}", ours_too, theirs))
    return found


def without(view: dict[str, Any], label: str) -> tuple[Accuracies, int]:
    """A view -> accuracies on its faces of other classes than ``label``, and their number.

    To answer ``label`` stays possible, and an error.
    """
    left_out = view["labels"].index(label)
    found: dict[int, float] = {}
    for row in view["by_size"]:
        kept = [(i, counts) for i, counts in enumerate(row["scores"]["confusion"]) if i != left_out]
        faces = sum(sum(counts) for _, counts in kept)
        found[row["size_px"]] = 100 * sum(counts[i] for i, counts in kept) / faces
    return rounded(found), faces


def rounded(found: Accuracies) -> Accuracies:
    """With as many digits as the table shows, so that differences are those of the table."""
    return {size: round(value, 1) for size, value in found.items()}


def check(faces: int, expected: int) -> None:
    """Raise ValueError where two numbers of faces differ."""
    if faces != expected:
        raise ValueError(f"{faces} faces; the other tools were measured on {expected}")


def beside(found: Sequence[Contest], widest: float) -> Iterator[str]:
    """Contests, and how far an interval of ours reaches on CK+48 -> the table, and what it says."""
    rows = []
    for contest in found:
        for prior, ours in contest.ours.items():
            rows.append([contest.name, f"**ekspresi**, {prior}", *(f"**{ours[size]:.1f}**" for size in SIZES_PX)])
        for name, theirs in contest.theirs.items():
            rows.append([contest.name, name, *(f"{theirs[size]:.1f}" for size in SIZES_PX)])
    yield from tables.table(("accuracy, %", "tool", *(f"{size} px" for size in SIZES_PX)), rows)
    lost = [f"{name} on {where} at {tables.in_px(px)}" for where, name, px in defeats(found)]
    yield from (
        f"**Better than ekspresi under either prior: {'; '.join(lost) or 'none'}.** Ekspresi, in points of accuracy:",
        "",
    )
    for contest in found:
        for prior, ours in contest.ours.items():
            against = "; ".join(f"beside {name} {compared(ours, theirs)}" for name, theirs in contest.theirs.items())
            yield f"- {contest.name}, {prior}: {against}."
    yield ""
    yield (
        f"On CK+48 the 95 % intervals of ekspresi's own figures reach up to {widest:.1f} points to a side: a smaller "
        "difference decides little there."
    )


def compared(ours: Accuracies, theirs: Accuracies) -> str:
    """Where and by how much ours are behind and ahead of theirs."""
    gaps = {size: round(ours[size] - theirs[size], 1) for size in SIZES_PX}
    level = [size for size, gap in gaps.items() if not gap]
    parts = [f"level at {tables.in_px(level)}"] if level else []
    for word, chosen in (
        ("**behind**", {size: -gap for size, gap in gaps.items() if gap < 0}),
        ("ahead", {size: gap for size, gap in gaps.items() if gap > 0}),
    ):
        if len(chosen) == len(SIZES_PX):
            return f"{word} at every size, by {min(chosen.values()):.1f} to {max(chosen.values()):.1f}"
        if chosen:
            by = tables.listed([f"{gap:.1f}" for gap in chosen.values()])
            parts.append(f"{word} at {tables.in_px(list(chosen))} by {by}")
    return ", ".join(parts)


def defeats(found: Sequence[Contest]) -> Iterator[tuple[str, str, list[int]]]:
    """Contest, tool and sizes where the tool is better than each of ours."""
    for contest in found:
        for name, theirs in contest.theirs.items():
            lost = [size for size in SIZES_PX if all(ours[size] < theirs[size] for ours in contest.ours.values())]
            if lost:
                yield contest.name, name, lost


def widest_interval(report: tables.Report) -> float:
    """How far an interval of an accuracy reaches to a side at most, over the views of images, in points."""
    return max(
        100.0 * float(max(accuracy["high"] - accuracy["value"], accuracy["value"] - accuracy["low"]))
        for view in report["evaluation"]["views"]
        if view["level"] == "image"
        for accuracy in (row["scores"]["accuracy"] for row in view["by_size"])
    )
