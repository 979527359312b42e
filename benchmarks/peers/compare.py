"""Compare the bundled model with other tools on the same faces, at every face size.

In: two reports of ``ekspresi evaluate`` with the bundled model, on FER+ and on CK+48. Out: JSON on the screen, in
percent and points of accuracy. The figures of the other tools are constants: they were measured outside this
repository.

    python benchmarks/peers/compare.py runs/bundled-on-ferplus/report.json runs/bundled-on-ckplus48/report.json
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Accuracies = tuple[float, ...]
"""Accuracy in percent, with one digit, for each of ``SIZES_PX``."""

SIZES_PX = (48, 32, 24, 16, 12, 8)
FACE_API, FER = "face-api.js", "`fer` (mini-XCEPTION)"
FERPLUS_FACES, CKPLUS_FACES = 2849, 927
"""Numbers of faces that the other tools were measured on."""

ON_FERPLUS: dict[str, Accuracies] = {
    FACE_API: (67.6, 64.6, 57.3, 44.1, 37.8, 34.5),
    FER: (66.5, 62.0, 54.9, 35.2, 31.1, 32.1),
}
ON_CKPLUS: dict[str, dict[str, Accuracies]] = {
    "unmasked": {
        FACE_API: (90.4, 82.5, 72.6, 53.5, 46.4, 20.3),
        FER: (68.5, 64.9, 60.2, 33.4, 24.2, 24.1),
    },
    "masked": {
        FACE_API: (94.6, 88.1, 79.3, 62.4, 49.5, 32.4),
        FER: (72.1, 66.9, 63.8, 36.0, 24.6, 24.9),
    },
}
"""Set of allowed answers -> accuracies of each tool."""


@dataclass(frozen=True)
class Contest:
    """Hold one set of faces with one way of counting.

    Attributes:
        name: of both.
        ours: accuracies of the bundled model, by prior.
        theirs: accuracies of the other tools, by name.
    """

    name: str
    ours: dict[str, Accuracies]
    theirs: dict[str, Accuracies]

    def to_dict(self) -> dict[str, Any]:
        """Add to the accuracies the gaps of each prior beside each tool: what ``json.dumps`` takes."""
        beside = {
            prior: {name: gaps(ours, theirs) for name, theirs in self.theirs.items()}
            for prior, ours in self.ours.items()
        }
        return {"name": self.name, "ours": self.ours, "theirs": self.theirs, "gaps": beside}


def main() -> None:
    """Print the comparison of two reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ferplus", type=Path, help="report.json of the bundled model on FER+ PrivateTest")
    parser.add_argument("ckplus", type=Path, help="report.json of the bundled model on all of CK+48")
    arguments = parser.parse_args()
    ferplus, ckplus = (json.loads(file.read_text(encoding="utf-8")) for file in (arguments.ferplus, arguments.ckplus))
    try:
        found = contests(ferplus, ckplus)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    print(
        json.dumps(
            {
                "sizes_px": SIZES_PX,
                "contests": [contest.to_dict() for contest in found],
                "defeats": list(defeats(found)),
                "widest_interval": widest_interval(ckplus),
            },
            indent=1,
        )
    )


def contests(ferplus: Mapping[str, Any], ckplus: Mapping[str, Any]) -> list[Contest]:
    """Put the figures of other tools beside those of the bundled model's reports.

    Raises:
        ValueError: the reports count other numbers of faces than the other tools were measured on.
    """
    majority = _views(ferplus)[ferplus["headline"].replace("arg-max", "majority")]
    ours, faces = without(majority, "contempt")
    _check(faces, FERPLUS_FACES)
    found = [Contest("FER+", {"trained prior": ours}, ON_FERPLUS)]
    for answers, theirs in ON_CKPLUS.items():
        views = {
            "trained prior": _views(ckplus)[f"all faces, {answers}"],
            "even prior": _views(ckplus)[f"all faces, {answers}, even prior"],
        }
        for view in views.values():
            _check(view["by_size"][0]["scores"]["n"], CKPLUS_FACES)
        ours_too = {
            prior: in_order({row["size_px"]: 100 * row["scores"]["accuracy"]["value"] for row in view["by_size"]})
            for prior, view in views.items()
        }
        found.append(Contest(f"CK+48, {answers}", ours_too, theirs))
    return found


def _views(report: Mapping[str, Any]) -> dict[str, Any]:
    return {view["name"]: view for view in report["evaluation"]["views"]}


def without(view: Mapping[str, Any], label: str) -> tuple[Accuracies, int]:
    """Count a view again without the faces of one class.

    To answer that class stays possible, and an error.

    Returns:
        The accuracies, and the number of faces.
    """
    dropped = view["labels"].index(label)
    found: dict[int, float] = {}
    for row in view["by_size"]:
        kept = [(i, counts) for i, counts in enumerate(row["scores"]["confusion"]) if i != dropped]
        faces = sum(sum(counts) for _, counts in kept)
        found[row["size_px"]] = 100 * sum(counts[i] for i, counts in kept) / faces
    return in_order(found), faces


def in_order(by_size: Mapping[int, float]) -> Accuracies:
    """Order accuracies as ``SIZES_PX``, rounded as in the table, so that differences agree."""
    return tuple(round(by_size[size], 1) for size in SIZES_PX)


def _check(faces: int, expected: int) -> None:
    if faces != expected:
        raise ValueError(
            f"report: {faces} faces, but the other tools were measured on {expected}. Evaluate the same faces."
        )


def gaps(ours: Accuracies, theirs: Accuracies) -> dict[str, Any]:
    """Find the sizes where ours are level with theirs, behind or ahead, and by how many points."""
    found = {size: round(one - other, 1) for size, one, other in zip(SIZES_PX, ours, theirs, strict=True)}
    return {
        "level": [size for size, gap in found.items() if not gap],
        "behind": [{"size_px": size, "points": -gap} for size, gap in found.items() if gap < 0],
        "ahead": [{"size_px": size, "points": gap} for size, gap in found.items() if gap > 0],
    }


def defeats(found: Sequence[Contest]) -> Iterator[dict[str, Any]]:
    """Find the contests, tools and sizes where the tool is better than ours under each prior."""
    for contest in found:
        for tool, theirs in contest.theirs.items():
            best = [max(figures) for figures in zip(*contest.ours.values(), strict=True)]
            lost = [size for size, one, other in zip(SIZES_PX, best, theirs, strict=True) if one < other]
            if lost:
                yield {"contest": contest.name, "tool": tool, "sizes_px": lost}


def widest_interval(report: Mapping[str, Any]) -> float:
    """Find the widest half of an accuracy's interval, over the views of images, in points."""
    return max(
        100.0 * float(max(accuracy["high"] - accuracy["value"], accuracy["value"] - accuracy["low"]))
        for view in report["evaluation"]["views"]
        if view["level"] == "image"
        for accuracy in (row["scores"]["accuracy"] for row in view["by_size"])
    )


if __name__ == "__main__":
    main()
