"""Plot the arms of a study as SVG text in a page's colors.

In: ``ArmResult`` lists. Out: strings that begin with ``<svg``. Does not know about pages or measurements.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ekspresi.study.findings import recall
from ekspresi.study.results import ArmResult
from ekspresi.visualization.svg import INK, LINE, MUTED, SERIES, clear_axes, make_figure, render_svg


def plot_arms_by_size(arms: Sequence[ArmResult], name: str) -> str:
    """Plot accuracy against face size, a line per arm; the band is the 95 % interval of the first arm.

    >>> from types import SimpleNamespace as Made
    >>> accuracy = Made(value=0.9, low=0.85, high=0.94)
    >>> arm = Made(arm="adam", image=Made(by_size=[Made(size_px=48, scores=Made(accuracy=accuracy))]))
    >>> "accuracy, %" in plot_arms_by_size([arm], "by-size")
    True
    """
    figure = make_figure(6.4, 3.6)
    axes = figure.subplots()
    for n, (arm, color) in enumerate(zip(arms, _colors(len(arms)), strict=True)):
        results = sorted(arm.image.by_size, key=lambda result: result.size_px)
        sizes = [result.size_px for result in results]
        accuracies = [result.scores.accuracy for result in results]
        if arm is arms[0] and all(each.low is not None for each in accuracies):
            low, high = ([100 * (getattr(each, end) or 0.0) for each in accuracies] for end in ("low", "high"))
            axes.fill_between(sizes, low, high, color=color, alpha=0.13, linewidth=0)
        dashes = "-" if n < len(SERIES) else "--"
        values = [100 * e.value for e in accuracies]
        axes.plot(sizes, values, dashes, color=color, linewidth=1.9, marker="o", ms=4, label=arm.arm)
        axes.set_xscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set_xticks([], minor=True)
    axes.set_xlabel("side of the face, pixels", color=MUTED)
    axes.set_ylabel("accuracy, %", color=MUTED)
    lowest = min(100 * each.scores.accuracy.value for arm in arms for each in arm.image.by_size)
    axes.set_ylim(max(0.0, 10 * np.floor(lowest / 10) - 5), 101)
    _finish(figure, axes)
    return render_svg(figure, name)


def plot_learning(arms: Sequence[ArmResult], px: int) -> str:
    """Plot validation accuracy by epoch, the mean over the folds, a line per arm.

    >>> from types import SimpleNamespace
    >>> arm = SimpleNamespace(arm="adam", curve_px=(48,), curve=((1.0, 0.5), (2.0, 0.75)))
    >>> plot_learning([arm], 48)[:4]
    '<svg'
    """
    figure = make_figure(6.4, 3.2)
    axes = figure.subplots()
    for arm, color in zip(arms, _colors(len(arms)), strict=True):
        if px not in arm.curve_px or not arm.curve:
            continue
        column = 1 + arm.curve_px.index(px)
        epochs, values = [row[0] for row in arm.curve], [100 * row[column] for row in arm.curve]
        axes.plot(epochs, values, color=color, linewidth=1.9, marker="o", ms=4, label=arm.arm)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch", color=MUTED)
    axes.set_ylabel(f"validation accuracy at {px} px, %", color=MUTED)
    _finish(figure, axes)
    return render_svg(figure, f"learning-{px}")


def plot_recalls(arms: Sequence[ArmResult], labels: Sequence[str], size_px: int) -> str:
    """Plot the recall of some classes, a group of bars per class and a bar per arm.

    >>> from types import SimpleNamespace as Made
    >>> scores = Made(classes=[Made(recall=0.75, support=20)])
    >>> image = Made(labels=("fear",), at=lambda size: Made(scores=scores))
    >>> arm = Made(image=image, settings={"oversampling": "none"})
    >>> "20 faces" in plot_recalls([arm], ["fear"], 48)
    True
    """
    figure = make_figure(6.4, 3.0)
    axes = figure.subplots()
    width = 0.8 / len(arms)
    for n, (arm, color) in enumerate(zip(arms, _colors(len(arms)), strict=True)):
        positions = np.arange(len(labels)) + (n - (len(arms) - 1) / 2) * width
        values = [100 * recall(arm.image, label, size_px) for label in labels]
        axes.bar(positions, values, width * 0.92, color=color, linewidth=0, label=arm.settings["oversampling"])
        for x, value in zip(positions, values, strict=True):
            axes.text(x, value + 1.5, f"{value:.0f}", ha="center", color=INK, fontsize=8.5)
    counts = arms[0].image.at(size_px).scores.classes
    names = [f"{label}\n{counts[arms[0].image.labels.index(label)].support} faces" for label in labels]
    axes.set_xticks(np.arange(len(labels)), names)
    axes.set_ylabel("recall, %", color=MUTED)
    axes.set_ylim(0, 112)
    axes.set_yticks(range(0, 101, 20))
    _finish(figure, axes)
    return render_svg(figure, f"recalls-{size_px}")


def _colors(n: int) -> list[str]:
    return [SERIES[k % len(SERIES)] for k in range(n)]


def _finish(figure: Figure, axes: Axes) -> None:
    clear_axes(axes)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=9)
