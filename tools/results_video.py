"""Measurements of detectors, fused frames and whole videos -> the tables of their sections in ``docs/results.md``.

In: the content of the JSON files that ``benchmarks/`` write: ``detection.py``, ``fusion.py``, ``cuts.py``,
``pipeline.py``, ``endurance.py`` and ``long_video.py``. Out: lines of Markdown. Knows nothing of where the files lie or
which sections the page has.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from results_tables import in_px, listed, said, table

Found = dict[str, Any]

WANTED_OF_YUNET = {24: 100, 16: 100, 12: 91, 8: 47}
"""Percent of faces of a width in pixels that YuNet was to find in frames enlarged four times."""
WANTED_GAIN = 4
"""Points that fusion was to win over the single frame at ``GAIN_PX``."""
GAIN_PX = 12
WANTED_FALL = 80
"""Percent by which label changes were to fall."""
WANTED_FRAMES_PER_S = 15
"""Frames a second of the video with five faces, all of it, on two cores."""
WANTED_FRAMES, WANTED_RECONNECTS, WANTED_S = 100_000, 50, 1200
"""Frames and reconnects that a camera's run was to last, and in how many seconds."""
FLAT_MB = 50
"""Growth of memory from the second tenth of the run to its last that still counts as flat."""
HOUR_MB = 600
"""Memory that an hour of video may take at most."""
FEWEST_FACES = 100
"""A difference of fewer faces is not shown."""
REPORTED_BEFORE = (
    "All this was reported on `PrivateTest` and CK+48 before, with the same constants. Then the guess at a "
    "face that carries too few pixels to be judged was that of the single frame as long as its track had nothing "
    "better, and at 8 px before the steady camera label changes fell by 79 %. That miss is why the fusion was "
    "looked into again; that such guesses made 30 % of those changes was found on `PublicTest` (600 faces). Now "
    "they are fused with each other, and still never answered."
)
CAMERAS = {"steady": "steady camera", "changing": "changing camera"}


def finding(found: Found) -> Iterator[str]:
    """What each detector finds, what it takes for faces, what is missing from what was wanted."""
    lines: list[Found] = found["finding"]
    sizes = list(dict.fromkeys(line["face_px"] for line in lines))
    searches = list(dict.fromkeys((line["detector"], line["min_face_px"]) for line in lines))
    by_search = {
        search: {line["face_px"]: line for line in lines if (line["detector"], line["min_face_px"]) == search}
        for search in searches
    }
    head = [f"{size} px" for size in sizes]
    yield f"Found, in percent of {lines[0]['faces']} faces of each width; in brackets, of the sharp ones among them:"
    yield ""
    rows = [[_search(*search), *(_recall(of[size]) for size in sizes)] for search, of in by_search.items()]
    yield from table(("search", *head), rows)
    yield f"False alarms in {lines[0]['frames']} frames with faces of that width, and CPU time a frame:"
    yield ""
    rows = [
        [
            _search(*search),
            *(str(of[size]["false_alarms"]) for size in sizes),
            f"{sum(line['cpu_ms'] for line in of.values()) / len(of):.0f} ms",
        ]
        for search, of in by_search.items()
    ]
    yield from table(("search", *head, "CPU time"), rows)
    yield from _beside_wanted(by_search)
    yield _measured(found)


def _search(detector: str, min_face_px: float) -> str:
    return f"`{detector}`, `--min-face-px {min_face_px:g}`"


def _recall(line: Found) -> str:
    """Percent found; in brackets, of the sharp faces."""
    return f"{_share(line['found'], line['faces'])} ({_share(line['portraits_found'], line['portraits'])})"


def _share(part: int, whole: int) -> str:
    """A share in whole percent."""
    return f"{100 * part / whole:.0f}" if whole else "-"


def _beside_wanted(by_search: dict[tuple[str, float], dict[int, Found]]) -> Iterator[str]:
    """YuNet with the most enlargement beside what was wanted of it."""
    yunet = [search for search in by_search if search[0] == "yunet"]
    if not yunet:
        return
    most = min(yunet, key=lambda search: search[1])
    of = by_search[most]
    rows = [
        ["wanted", *(str(share) for share in WANTED_OF_YUNET.values())],
        ["all faces", *(_share(of[size]["found"], of[size]["faces"]) for size in WANTED_OF_YUNET)],
        [
            "the sharp ones among them",
            *(_share(of[size]["portraits_found"], of[size]["portraits"]) for size in WANTED_OF_YUNET),
        ],
    ]
    yield f"{_search(*most)} (enlarged four times) beside what was wanted of that enlargement, percent found:"
    yield ""
    yield from table(("", *(f"{size} px" for size in WANTED_OF_YUNET)), rows)
    missed = [size for size, share in WANTED_OF_YUNET.items() if round(100 * _part(of[size], "found", "faces")) < share]
    sharp = [
        size
        for size, share in WANTED_OF_YUNET.items()
        if round(100 * _part(of[size], "portraits_found", "portraits")) < share
    ]
    yield f"Missed over all faces: {_sizes(missed)}; among the sharp ones: {_sizes(sharp)}."
    yield ""


def _part(line: Found, part: str, whole: str) -> float:
    return float(line[part] / line[whole]) if line[whole] else 0.0


def _sizes(sizes: Sequence[int]) -> str:
    return f"**{in_px(sizes)}**" if sizes else "none"


def crops(found: Found) -> Iterator[str]:
    """What the recogniser makes of detected crops, beside the given ones."""
    rows = []
    for line in found["reading"]:
        whole = [f"{_share(line['found'], line['faces'])} %", f"{100 * line['right_given'] / line['faces']:.1f} %"]
        of_found = ["-", "-", "-"]
        if line["found"]:
            shares = [100 * line[key] / line["found"] for key in ("found_right_given", "found_right_detected")]
            difference = _difference(line) if line["found"] >= FEWEST_FACES else "-"
            of_found = [*(f"{share:.1f} %" for share in shares), difference]
        rows.append([f"`{line['detector']}`", f"{line['side_px']} px", *whole, *of_found])
    yield from table(
        (
            "detector",
            "crop's side",
            "found",
            "right of all, as given",
            "right of those found, as given",
            "the same, as detected",
            "difference, points",
        ),
        rows,
    )
    yield _measured(found)


def _difference(line: Found) -> str:
    """Points of accuracy that detected crops win over given ones, with a 95 % interval (of a paired difference)."""
    n, lost, won = line["found"], line["only_given"], line["only_detected"]
    mean = (won - lost) / n
    half = 1.96 * math.sqrt(max((won + lost) / n - mean**2, 0) / n)
    return f"{100 * mean:+.1f} [{100 * (mean - half):+.1f}, {100 * (mean + half):+.1f}]"


def fused(found: Found) -> Iterator[str]:
    """What fusing frames wins, how much less labels change, what beliefs are worth, how fast they follow."""
    frames, rate = found["frames"], found["rate"]
    yield from _aims(found)
    yield from (REPORTED_BEFORE, "")
    if triples := found.get("triples"):
        yield from _rules(triples)
    for camera, title in CAMERAS.items():
        lines = [line for line in found["clips"] if line["camera"] == camera]
        yield from (f"**FER+, {title}**, {lines[0]['faces']:,} faces, {frames} frames at {rate} a second:", "")
        yield from _accuracy(lines, frames)
        yield from _beliefs(lines, frames)
    sequences = found.get("sequences", [])
    if sequences:
        yield from (f"**CK+48**, {sequences[0]['sequences']} sequences, never seen, three frames alone:", "")
        yield from table(
            ("face size", "right: one frame", "three frames", "won, points", "ECE, %", "confidence less accuracy"),
            [
                [
                    f"{line['size_px']} px",
                    f"{line['single']['accuracy']:.1f} %",
                    f"{line['fused']['accuracy']:.1f} %",
                    _won(line["gain"]),
                    *list(_worth(line["single"], line["fused"]))[:2],
                ]
                for line in sequences
            ],
        )
    for camera, title in CAMERAS.items():
        lines = [line for line in found.get("sequence_clips", []) if line["camera"] == camera]
        if lines:
            yield from (f"**CK+48, {title}**, the same sequences as clips of {frames} frames:", "")
            yield from _accuracy(lines, frames)
            yield from _beliefs(lines, frames)
    yield f"Measured on {found['cpu']}, {found['date'][:10]}; model SHA-256 `{found['model_sha256'][:12]}`."


def _accuracy(lines: Sequence[Found], frames: int) -> Iterator[str]:
    """Right answers and label changes, of one frame and fused."""
    short = min(int(n) for n in lines[0]["fused"])
    head = (f"{short} frames", f"{frames} frames", "won, points", "label changes a second", "fall")
    yield from table(
        ("face size", "right: one frame", *head),
        [
            [
                f"{line['size_px']} px",
                f"{line['single']['accuracy']:.1f} %",
                *(f"{line['fused'][str(n)]['accuracy']:.1f} %" for n in (short, frames)),
                _won(line["gain"][str(frames)]),
                f"{line['flicker']['single']:.2f} → {line['flicker']['fused']:.2f}",
                f"{line['flicker']['fall']:.0f} %",
            ]
            for line in lines
        ],
    )


def _beliefs(lines: Sequence[Found], frames: int) -> Iterator[str]:
    """What confidence is worth, of one frame and fused, and how fast a change is followed."""
    head = ("ECE, %", "confidence less accuracy", "answered, %", "right then, %", "follows a change in", "within 1 s")
    yield from table(
        ("face size", *head),
        [
            [
                f"{line['size_px']} px",
                *_worth(line["single"], line["fused"][str(frames)]),
                f"{line['following']['median_s']:.2f} s",
                f"{line['following']['within_1s']:.0f} %",
            ]
            for line in lines
        ],
    )


def _aims(found: Found) -> Iterator[str]:
    """What was wanted of fusion, and what came of it."""
    rows = []
    frames = str(found["frames"])
    for data, key in (("FER+", "clips"), ("CK+48", "sequence_clips")):
        for camera, title in CAMERAS.items():
            lines = [line for line in found.get(key, []) if line["camera"] == camera]
            if not lines:
                continue
            won = next(line["gain"][frames] for line in lines if line["size_px"] == GAIN_PX)
            rows.append([_gain_aim(f"{data}, {title}"), _won(won), said(won[0] >= WANTED_GAIN)])
            falls = {line["size_px"]: line["flicker"]["fall"] for line in lines}
            told = listed([f"{fall:.0f} % at {size} px" for size, fall in falls.items()])
            missed = [size for size, fall in falls.items() if fall < WANTED_FALL]
            verdict = f"**not** at {in_px(missed)}" if missed else "yes"
            rows.append([f"{data}, {title}: at least {WANTED_FALL} % fewer label changes", told, verdict])
    if sequences := found.get("sequences"):
        won = next(line["gain"] for line in sequences if line["size_px"] == GAIN_PX)
        rows.append([_gain_aim("CK+48, three frames alone"), _won(won), said(won[0] >= WANTED_GAIN)])
    yield from table(("aim", "found", "reached"), rows)


def _rules(triples: Found) -> Iterator[str]:
    """What three frames win by several rules of pooling."""
    yield (
        f"Three frames alone, pooled by other rules: three pictures of {triples['size_px']} px of each of "
        f"{triples['faces']:,} faces of FER+ `PublicTest`, degraded one by one; points won over one frame. The belief "
        "is ours; the other rules make no use of the prior and the effective size."
    )
    yield ""
    yield from table(("rule", "won, points"), [[rule, _won(won)] for rule, won in triples["gain"].items()])


def _gain_aim(where: str) -> str:
    return f"{where}: at least {WANTED_GAIN} points at {GAIN_PX} px"


def cuts(found: Found) -> Iterator[str]:
    """How many cuts are found, and how often one is seen that is none, for each step from frame to frame."""
    steps = sorted({line["step_s"] for line in found["figures"]})
    head = [f"{step:g} s" for step in steps]
    for cut, title in ((True, "cuts found of those into"), (False, "no cut, but told, of pairs of frames")):
        lines = [line for line in found["figures"] if line["cut"] == cut]
        shares = {
            name: [
                next((line for line in lines if (line["name"], line["step_s"]) == (name, step)), None) for step in steps
            ]
            for name in sorted({line["name"] for line in lines})
        }
        rows = [
            [name, *("-" if line is None else f"{line['told']} of {line['pairs']:,}" for line in of)]
            for name, of in shares.items()
        ]
        yield from table((title, *head), rows)
    yield f"One frame of 1920 x 1080 takes {found['ms']:.1f} ms. {_on_machine(found)}"


def pipeline(found: Found) -> Iterator[str]:
    """How fast rows come from a video and from a folder of photographs, and how busy the cores are meanwhile."""
    rows = [
        [
            {"video": "the video", "photos": f"{line['frames']:,} photographs"}[line["what"]],
            f"`{line['detector']}`",
            line["way"],
            f"{line['frames_per_s']:.1f} ({line['slowest']:.1f} to {line['fastest']:.1f})",
            f"{100 * line['busy']:.0f} %",
            f"{line['cpu_ms']:.0f} ms",
            f"{line['rows'] / line['frames']:.2f}",
        ]
        for line in found["figures"]
    ]
    yield from table(
        ("source", "detector", "way", "frames a second", "cores busy", "CPU time a frame", "faces a frame"), rows
    )
    speeds = {
        line["detector"]: line["frames_per_s"]
        for line in found["figures"]
        if (line["what"], line["way"]) == ("video", "stream")
    }
    yield from table(
        ("aim", "found", "reached"),
        [
            [
                f"the video with `{name}`: {WANTED_FRAMES_PER_S} frames a second on two cores",
                f"{speed:.1f}",
                said(speed >= WANTED_FRAMES_PER_S),
            ]
            for name, speed in speeds.items()
        ],
    )
    yield _on_machine(found)


def endurance(found: Found) -> Iterator[str]:
    """What came of a long run on a camera that fails."""
    early, late = found["early"], found["late"]
    grown = late["rss_mb"] - early["rss_mb"]
    yield (
        f"The camera: {found['reconnects']} losses made good, {found['read']:,} frames read, {found['analysed']:,} of "
        f"them analysed (the others came while those were worked on, and live sources drop them)."
    )
    yield ""
    yield from table(
        ("aim", "found", "reached"),
        (
            (
                f"{WANTED_FRAMES:,} frames and {WANTED_RECONNECTS} reconnects within {WANTED_S // 60} minutes",
                f"{found['read']:,} and {found['reconnects']} in {found['seconds'] / 60:.1f} minutes",
                said(
                    found["read"] >= WANTED_FRAMES
                    and found["reconnects"] >= WANTED_RECONNECTS
                    and found["seconds"] <= WANTED_S
                ),
            ),
            (
                f"flat memory: in the last tenth of the frames at most {FLAT_MB} MB more than in the second",
                f"at most {early['rss_mb']:.0f} MB, then {late['rss_mb']:.0f} MB; {found['used_mb']:.0f} MB when "
                "the allocator gave back at the end what it only kept",
                said(grown <= FLAT_MB),
            ),
            ("no row twice", f"{found['rows_twice']} of {found['rows']:,}", said(found["rows_twice"] == 0)),
            (
                "no thread left",
                f"{found['threads_left'] - 1} beside the main one; open files and sockets: {early['files']} early, "
                f"{late['files']} late",
                said(found["threads_left"] == 1),
            ),
        ),
    )
    yield _on_machine(found)


def long_video(found: Found) -> Iterator[str]:
    """What an hour of video takes."""
    yield (
        f"Of {found['minutes']} minutes of video every frame was decoded, and one in each {found['every']} analysed "
        f"with the smallest face at its default of 12 px: {found['rows']:,} rows, in {found['seconds'] / 60:.0f} "
        "minutes."
    )
    yield ""
    yield from table(
        ("aim", "found", "reached"),
        (
            (
                f"an hour of video in under {HOUR_MB} MB",
                f"at most {found['early_mb']:.0f} MB in the second tenth of the time and {found['late_mb']:.0f} MB in "
                f"the last; {found['peak_mb']:.0f} MB at any time",
                said(found["minutes"] >= 60 and found["peak_mb"] < HOUR_MB),
            ),
        ),
    )
    yield _on_machine(found)


def _on_machine(found: Found) -> str:
    """Machine, date and remark of a measurement of whole videos, in a line."""
    used = f", {found['cores_used']} used" if "cores_used" in found else ""
    model = f"; model SHA-256 `{found['model_sha256'][:12]}`" if "model_sha256" in found else ""
    note = f"; {found['note'].rstrip('.')}" if found["note"] else ""
    return f"Measured on {found['cpu']}{used}, {found['date'][:10]}{model}{note}."


def _won(gain: Sequence[float]) -> str:
    """Points won, with the interval."""
    return f"{gain[0]:+.1f} [{gain[1]:+.1f}, {gain[2]:+.1f}]"


def _worth(single: Found, last: Found) -> Iterator[str]:
    """Calibration error, overconfidence, share answered and right among the answered, each of one frame and fused."""
    for key, form in (("ece", ".1f"), ("gap", "+.1f"), ("answered", ".0f"), ("right", ".1f")):
        yield " → ".join("none" if of[key] is None else f"{of[key]:{form}}" for of in (single, last))


def _measured(found: Found) -> str:
    """Machine, date, versions and networks of a measurement of detectors, in a line."""
    networks = [
        f"{name}: `{net['file']}`, SHA-256 `{net['sha256'][:12]}`" for name, net in found["networks"].items() if net
    ]
    given = f"; {'; '.join(networks)}" if networks else ""
    return f"Measured on {found['cpu']}, {found['date'][:10]}{given}; model SHA-256 `{found['model_sha256'][:12]}`."
