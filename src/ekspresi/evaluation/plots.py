"""Plot an evaluation as SVG text that follows the page's colors, light and dark.

In: results. Out: strings that begin with ``<svg``. Does not know about pages.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Rectangle

from ekspresi.evaluation.results import SizeResult, View
from ekspresi.metrics.classification import Estimate
from ekspresi.visualization.svg import ACCENT, INK, LINE, MUTED, PAPER, SECOND, clear_axes, make_figure, render_svg

_DARK_CELL = {ACCENT: 0.55, SECOND: 0.8}
"""Depth of color above which a cell of the heat map has its text in the paper's color."""


def plot_by_size(view: View) -> str:
    """Plot accuracy and macro-F1 against face size, with their 95 % intervals.

    >>> from ekspresi.metrics.calibration import calibration_scores
    >>> from ekspresi.metrics.classification import score
    >>> targets, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> result = SizeResult(48, 0, score(targets, probabilities), calibration_scores(targets, probabilities), None)
    >>> view = View("test", "test", "argmax", "all", "trained", "image", ("anger", "fear"), "images", {}, (result,))
    >>> plot_by_size(view)[:4]
    '<svg'
    """
    figure = make_figure(5.2, 3.0)
    axes = figure.subplots()
    results = sorted(view.by_size, key=lambda result: result.size_px)
    sizes = [result.size_px for result in results]
    for name, text, color in (("macro_f1", "macro-F1", SECOND), ("accuracy", "accuracy", ACCENT)):
        estimates: list[Estimate] = [getattr(result.scores, name) for result in results]
        values = [100 * e.value for e in estimates]
        low = [100 * (e.value if e.low is None else e.low) for e in estimates]
        high = [100 * (e.value if e.high is None else e.high) for e in estimates]
        axes.fill_between(sizes, low, high, color=color, alpha=0.16, linewidth=0)
        axes.plot(sizes, values, color=color, linewidth=2, marker="o", markersize=5, label=text)
    accuracies = [100 * result.scores.accuracy.value for result in results]
    for size, value in zip(sizes, accuracies, strict=True):
        axes.annotate(
            f"{value:.0f}",
            (size, value),
            (0, 9),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=9,
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("side of the face, pixels", color=MUTED)
    axes.set_ylabel("%", color=MUTED, rotation=0, labelpad=10)
    axes.set_ylim(0, 105)
    axes.set_yticks(range(0, 101, 20))
    clear_axes(axes)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.legend(loc="lower right", frameon=False, labelcolor=INK, fontsize=9, reverse=True)
    return render_svg(figure, "by-size")


def plot_confusion(view: View, result: SizeResult) -> str:
    """Plot the confusion matrix in percent of each row; labels without faces have no row.

    >>> from ekspresi.metrics.calibration import calibration_scores
    >>> from ekspresi.metrics.classification import score
    >>> targets, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> result = SizeResult(48, 0, score(targets, probabilities), calibration_scores(targets, probabilities), None)
    >>> view = View("test", "test", "argmax", "all", "trained", "image", ("anger", "fear"), "images", {}, (result,))
    >>> ">fear</text>" in plot_confusion(view, result)
    True
    """
    counts = np.array(result.scores.confusion)
    rows = np.flatnonzero(counts.sum(axis=1))
    columns = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    figure = make_figure(4.9, 0.8 + 3.7 * len(rows) / max(len(columns), 1))
    axes = figure.subplots()
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            fraction = counts[row, column] / counts[row].sum()
            color = ACCENT if row == column else SECOND
            axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, color=LINE, linewidth=0, alpha=0.35))
            if fraction > 0:
                # Errors are a few percent each: the square root keeps them visible beside the diagonal.
                depth = fraction if row == column else fraction**0.5 * 0.9
                axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, color=color, linewidth=0, alpha=depth))
                ink = PAPER if depth > _DARK_CELL[color] else INK
                axes.text(x + 0.5, y + 0.5, f"{100 * fraction:.0f}", ha="center", va="center", color=ink)
        axes.text(len(columns) + 0.15, y + 0.5, str(counts[row].sum()), va="center", color=MUTED, fontsize=9)
    axes.set_xlim(0, len(columns) + 0.9)
    axes.set_ylim(len(rows), 0)
    axes.set_aspect("equal")
    axes.set_xticks(np.arange(len(columns)) + 0.5, [view.labels[c] for c in columns], rotation=38, ha="right")
    axes.set_yticks(np.arange(len(rows)) + 0.5, [view.labels[r] for r in rows])
    clear_axes(axes)
    axes.tick_params(pad=2)
    return render_svg(figure, f"confusion-{result.size_px}")


def plot_reliability(result: SizeResult) -> str:
    """Plot the accuracy in each bin of confidence, above the number of its faces.

    >>> from ekspresi.metrics.calibration import calibration_scores
    >>> from ekspresi.metrics.classification import score
    >>> targets, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> result = SizeResult(48, 0, score(targets, probabilities), calibration_scores(targets, probabilities), None)
    >>> ">confidence, %</text>" in plot_reliability(result)
    True
    """
    figure = make_figure(4.2, 4.2)
    axes, below = figure.subplots(2, 1, height_ratios=(5, 1), sharex=True)
    bins = [b for b in result.calibration.bins if b.accuracy is not None]
    centers = [100 * (b.low + b.high) / 2 for b in bins]
    width = 100 / len(result.calibration.bins) * 0.86
    accuracies = [100 * (b.accuracy or 0.0) for b in bins]
    confidences = [100 * (b.confidence or 0.0) for b in bins]
    gaps = np.array(confidences) - np.array(accuracies)
    axes.bar(centers, accuracies, width, color=ACCENT, linewidth=0, label="accuracy")
    axes.bar(centers, gaps, width, accuracies, color=SECOND, alpha=0.28, linewidth=0, label="gap to confidence")
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 100)
    axes.set_xlim(0, 100)
    axes.set_ylabel("accuracy, %", color=MUTED)
    axes.legend(loc="upper left", frameon=False, labelcolor=INK, fontsize=9)
    below.bar(centers, [100 * b.count / result.scores.n for b in bins], width, color=MUTED, alpha=0.6, linewidth=0)
    below.set_xlabel("confidence, %", color=MUTED)
    below.set_ylabel("faces, %", color=MUTED)
    for each in (axes, below):
        clear_axes(each)
        each.grid(axis="y", color=LINE, linewidth=0.8)
    return render_svg(figure, f"reliability-{result.size_px}")


def plot_risk_coverage(view: View) -> str:
    """Plot errors against the fraction of faces answered, one line per size.

    The most confident faces come first. A dot marks the model's own thresholds.

    >>> from ekspresi.metrics.calibration import calibration_scores, selective_scores
    >>> from ekspresi.metrics.classification import score
    >>> answers = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> answered = selective_scores(*answers, np.array([False, True]))
    >>> result = SizeResult(48, 0, score(*answers), calibration_scores(*answers), answered)
    >>> view = View("test", "test", "argmax", "all", "trained", "image", ("anger", "fear"), "images", {}, (result,))
    >>> ">48 px</text>" in plot_risk_coverage(view)
    True
    """
    figure = make_figure(5.2, 3.4)
    axes = figure.subplots()
    shades = np.linspace(1.0, 0.3, len(view.by_size))
    ends = {}
    for result, shade in zip(view.by_size, shades, strict=True):
        selective = result.selective
        if selective is None:
            continue
        coverage, risk = 100 * np.array(selective.curve).T
        axes.plot(coverage, risk, color=ACCENT, alpha=shade, linewidth=1.8)
        ends[f"{result.size_px} px"] = float(risk[-1])
        if selective.precision is not None:
            axes.plot(100 * selective.coverage, 100 - 100 * selective.precision, "o", color=SECOND, markersize=6)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, None)
    gap, lowest = axes.get_ylim()[1] / 17, -np.inf
    for name, risk_of_all in sorted(ends.items(), key=lambda item: item[1]):  # from below, so that none covers another
        lowest = max(risk_of_all, lowest + gap)
        axes.text(101, lowest, name, va="center", color=INK, fontsize=9)
    axes.set_xlabel("faces answered, the surest first, %", color=MUTED)
    axes.set_ylabel("errors among them, %", color=MUTED)
    clear_axes(axes)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    return render_svg(figure, "risk-coverage")


def select_reliability_sizes(sizes_px: Sequence[int]) -> list[int]:
    """Select the sizes of the reliability plots: the largest, and 16 px or else the middle.

    >>> select_reliability_sizes((48, 24, 16, 8))
    [48, 16]
    """
    small = 16 if 16 in sizes_px else sizes_px[len(sizes_px) // 2]
    return list(dict.fromkeys([max(sizes_px), small]))
