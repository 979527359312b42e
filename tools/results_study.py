"""``study.json`` -> the section on the study, and its rows in the README.

In: what ``ekspresi study`` wrote. Out: lines of Markdown. Knows nothing of markers.
"""

from collections.abc import Iterator
from typing import Any

import results_tables as tables
from ekspresi.study.findings import HONEST, LEAKY, RARE
from ekspresi.study.page import PAPER

Arm = dict[str, Any]

FLOORS = {48: 93, 32: 93, 24: 92, 16: 89, 12: 81, 8: 70}
TARGETS = {48: 96.5, 32: 96.5, 24: 96, 16: 93, 12: 88, 8: 80}
F1_TARGETS = {48: 94, 32: 94, 24: 93, 16: 89, 12: 82, 8: 71}
"""Set before the study: percent, pooled, image level."""


def section(study: dict[str, Any]) -> Iterator[str]:
    """All of the section but its title, text and commands."""
    honest, leaky = ([arm for arm in study["arms"] if arm["protocol"] == each] for each in (HONEST, LEAKY))
    yield from (made(study), "")
    yield from ("What can be told, and what cannot:", "", *(f"- {sentence}" for sentence in study["findings"]), "")
    yield from ("The paper's table beside ours, at 48 px, averages over classes macro:", "")
    yield from papers_table(honest, leaky)
    yield from ("Accuracy by face size on people never seen, ten folds pooled; macro-F1 in brackets:", "")
    yield from by_size(honest)
    yield from ("The same under the leaky split:", "")
    yield from by_size(leaky)
    yield from ("What was aimed at, and what the best arm reached; in brackets found less aimed at, in points:", "")
    yield from aims(best(honest))
    yield from ("Recall of the rare classes on people never seen, 48 / 16 px:", "")
    yield from rare(honest)
    yield from ("Pairs that differ in one choice, by sequence: McNemar's exact test, p corrected by Holm:", "")
    yield from pairs(study["comparisons"])
    yield from other_data(study)
    yield from ("What each arm cost:", "")
    yield from costs(study)


def best(arms: list[Arm]) -> Arm:
    """The arm with the highest mean accuracy over the face sizes."""
    return max(arms, key=lambda arm: sum(tables.accuracies(arm["image"]).values()))


def made(study: dict[str, Any]) -> str:
    """Machine, date and time, in a line."""
    made = study["made"]
    machine = "; ".join(str(each["gpu"] or each["cpu"]) for each in made["machines"])
    seconds = sum(arm["seconds"] for arm in study["arms"]) + sum(each["seconds"] for each in study["tuning"])
    trainings = sum(arm["jobs"] for arm in study["arms"]) + len(study["tuning"])
    return (
        f"{trainings} trainings, {made['processes']} at once, {made['seconds_wall'] / 60:.0f} minutes by the clock and "
        f"{seconds / 60:.0f} of processes, on {machine}, {made['date']}; torch {made['versions']['torch']}."
    )


def papers_table(honest: list[Arm], leaky: list[Arm]) -> list[str]:
    """The paper's figures, ours under both protocols, and the gap between these."""
    sharp = {arm["arm"]: tables.accuracies(arm["image"])[48] for arm in honest}
    rows = [["paper, RMSProp", "not named", *(f"{value:g}" for value in PAPER.values()), "", ""]]
    for arm in (*leaky, *honest):
        scores = arm["image"]["by_size"][0]["scores"]
        figures = [tables.interval(scores["accuracy"]), *(tables.percent(scores[n]["value"]) for n in list(PAPER)[1:])]
        sequences = "" if arm["sequence"] is None else f"{tables.accuracies(arm['sequence'])[48]:.1f}"
        gap = tables.accuracies(arm["image"])[48] - sharp[arm["arm"]] if arm in leaky and arm["arm"] in sharp else None
        rows.append([arm["arm"], arm["protocol"], *figures, sequences, "" if gap is None else f"{gap:+.1f}"])
    head = ("setting", "protocol", "accuracy", "recall", "precision", "F1", "accuracy by sequence", "gap")
    return tables.table(head, rows)


def by_size(arms: list[Arm]) -> list[str]:
    """Accuracy and macro-F1 of each arm at every size."""
    rows = []
    for arm in arms:
        scores = [row["scores"] for row in arm["image"]["by_size"]]
        cells = [f"{tables.percent(s['accuracy']['value'])} ({tables.percent(s['macro_f1']['value'])})" for s in scores]
        rows.append([arm["arm"], *cells])
    return tables.table(("setting", *(f"{row['size_px']} px" for row in arms[0]["image"]["by_size"])), rows)


def aims(arm: Arm) -> list[str]:
    """Floors and targets beside the best arm."""
    accuracies = tables.accuracies(arm["image"])
    f1 = {row["size_px"]: 100 * row["scores"]["macro_f1"]["value"] for row in arm["image"]["by_size"]}

    def against(found: dict[int, float], aim: dict[int, float] | dict[int, int]) -> list[str]:
        return [f"{aim[size]:g} ({found[size] - aim[size]:+.1f})" for size in found]

    return tables.table(
        (arm["arm"], *(f"{size} px" for size in accuracies)),
        [
            ["**accuracy**", *(f"**{value:.1f}**" for value in accuracies.values())],
            ["floor", *against(accuracies, FLOORS)],
            ["target", *against(accuracies, TARGETS)],
            ["**macro-F1**", *(f"**{value:.1f}**" for value in f1.values())],
            ["target", *against(f1, F1_TARGETS)],
        ],
    )


def rare(arms: list[Arm]) -> list[str]:
    """Recall of the rare classes, each arm."""
    labels = [label for label in RARE if label in arms[0]["image"]["labels"]]
    rows = []
    for arm in arms:
        sizes = {row["size_px"]: row["scores"]["classes"] for row in arm["image"]["by_size"]}
        places = [arm["image"]["labels"].index(label) for label in labels]
        cells = [" / ".join(tables.percent(sizes[size][k]["recall"]) for size in (48, 16)) for k in places]
        rows.append([arm["arm"], arm["settings"]["oversampling"], *cells])
    return tables.table(("setting", "oversampling", *labels), rows)


def pairs(comparisons: list[dict[str, Any]]) -> list[str]:
    """The tests, a row each."""
    rows = []
    for each in comparisons:
        difference = 100 * (each["only_first"] - each["only_second"]) / each["n"]
        told = "none" if each["told"] is None else tables.percent(each["told"])
        only = f"{each['only_first']} / {each['only_second']}"
        p = f"{each['p_corrected']:.3f}"
        rows.append(
            [
                each["key"],
                f"{each['first']}, {each['second']}",
                f"{each['size_px']} px",
                only,
                f"{difference:+.1f}",
                f"**{p}**" if each["p_corrected"] < 0.05 else p,
                told,
            ]
        )
    return tables.table(
        ("choice", "arms", "face", "only the first / second right", "difference", "p", "could tell, points"), rows
    )


def other_data(study: dict[str, Any]) -> Iterator[str]:
    """Across data sets, where it was asked for."""
    reader = study["made"]["data"]["reader"]
    rows = [[f"{reader} ({arm}, first fold) on {each['data']}", each] for arm, each in study["other"].items()]
    if study["reverse"]:
        rows.append([f"the bundled model on {study['reverse']['data']}, {study['reverse']['view']}", study["reverse"]])
    if not rows:
        return
    yield from ("Across data sets, accuracy over the classes that both share; only weights that never saw it:", "")
    sizes = list(rows[0][1]["accuracy"])
    lines = [
        [title, f"{each['faces']:,}", str(len(each["labels"]))]
        + [tables.percent(each["accuracy"][size]["value"]) for size in sizes]
        for title, each in rows
    ]
    yield from tables.table(("trained on, tested on", "faces", "classes", *(f"{size} px" for size in sizes)), lines)


def costs(study: dict[str, Any]) -> list[str]:
    """Learning rates, trainings and minutes of each arm, and of the search."""
    rows = [
        [
            arm["arm"],
            arm["protocol"],
            " / ".join(f"{rate:g}" for rate in arm["rates"]),
            str(arm["jobs"]),
            f"{arm['seconds'] / arm['jobs']:.0f}",
            f"{arm['seconds'] / 60:.1f}",
        ]
        for arm in study["arms"]
    ]
    search = study["tuning"]
    if search:
        seconds = sum(each["seconds"] for each in search)
        rows.append(
            ["search for rates", "", "", str(len(search)), f"{seconds / len(search):.0f}", f"{seconds / 60:.1f}"]
        )
    return tables.table(("setting", "protocol", "learning rate", "trainings", "seconds each", "minutes"), rows)


def readme(study: dict[str, Any]) -> Iterator[str]:
    """The best arm of each protocol, for the README."""
    rows = []
    for protocol, text in ((HONEST, "on people never seen, ten folds pooled"), (LEAKY, "random images: leaky")):
        arms = [arm for arm in study["arms"] if arm["protocol"] == protocol]
        arm = best(arms)
        cells = [f"{value:.1f}" for value in tables.accuracies(arm["image"]).values()]
        rows.append([f"{arm['arm']}, `{protocol}`: {text}", f"{arm['image']['by_size'][0]['scores']['n']:,}", *cells])
    sizes = [f"{row['size_px']} px" for row in study["arms"][0]["image"]["by_size"]]
    yield from tables.table(("the paper's study on CK+48, accuracy, %", "faces", *sizes), rows)
    yield made(study)
