"""Plots as SVG text: their figures and labels, and the same bytes each time."""

import re
from dataclasses import replace

import numpy as np

from ekspresi.evaluation.plots import (
    plot_by_size,
    plot_confusion,
    plot_reliability,
    plot_risk_coverage,
    select_reliability_sizes,
)
from ekspresi.metrics.calibration import SelectiveScores


def texts_of(svg):
    return re.findall(r">([^<>]+)</text>", svg)


def test_plots_of_one_view_are_the_same_bytes(evaluation):
    view = evaluation.headline
    assert plot_by_size(view) == plot_by_size(view)
    assert plot_confusion(view, view.at(48)) == plot_confusion(view, view.at(48))


def test_plot_confusion_writes_percents_of_rows(evaluation):
    view = evaluation.masked
    counts = np.array(view.at(48).scores.confusion)
    texts = texts_of(plot_confusion(view, view.at(48)))
    percents = [f"{100 * c / row.sum():.0f}" for row in counts if row.sum() for c in row if c]
    for label in view.labels:
        assert texts.count(label) == 2
    for percent in set(percents):
        assert texts.count(percent) >= percents.count(percent)


def test_select_reliability_sizes_takes_largest_and_16():
    assert select_reliability_sizes((48, 32, 24, 16, 12, 8)) == [48, 16]
    assert select_reliability_sizes((96, 64, 32)) == [96, 64]
    assert select_reliability_sizes((48,)) == [48]


def test_plot_by_size_labels_each_size_with_its_accuracy(evaluation):
    view = evaluation.headline
    texts = texts_of(plot_by_size(view))
    for result in view.by_size:
        assert str(result.size_px) in texts
        assert f"{100 * result.scores.accuracy.value:.0f}" in texts
    assert {"accuracy", "macro-F1"} <= set(texts)


def test_plot_by_size_without_intervals_is_drawn(evaluation):
    view = evaluation.headline
    alone = [
        replace(result, scores=replace(result.scores, accuracy=replace(result.scores.accuracy, low=None, high=None)))
        for result in view.by_size
    ]
    assert plot_by_size(replace(view, by_size=tuple(alone))) != plot_by_size(view)


def test_plot_confusion_leaves_out_labels_without_faces(evaluation):
    view = evaluation.headline
    result = view.at(48)
    counts = np.array(result.scores.confusion)
    counts[2], counts[:, 2] = 0, 0
    empty = replace(result, scores=replace(result.scores, confusion=tuple(map(tuple, counts.tolist()))))
    assert view.labels[2] in texts_of(plot_confusion(view, result))
    assert view.labels[2] not in texts_of(plot_confusion(view, empty))


def test_plot_reliability_draws_a_bar_for_each_filled_bin(evaluation):
    result = evaluation.headline.at(48)
    filled = [each for each in result.calibration.bins if each.count]
    half = replace(
        result,
        calibration=replace(
            result.calibration,
            bins=tuple(each if each is filled[0] else replace(each, accuracy=None) for each in result.calibration.bins),
        ),
    )
    count = plot_reliability(result).count("<path")
    assert count - plot_reliability(half).count("<path") == 3 * (len(filled) - 1)
    assert {"accuracy", "gap to confidence"} <= set(texts_of(plot_reliability(result)))


def test_plot_risk_coverage_draws_sizes_that_were_answered(evaluation):
    selective = SelectiveScores(0.5, 0.9, 0.1, ((0.5, 0.1), (1.0, 0.25)))
    large, middle, small = evaluation.headline.by_size
    kinds = (selective, replace(selective, coverage=0.0, precision=None), None)
    by_size = tuple(replace(result, selective=kind) for result, kind in zip((large, middle, small), kinds, strict=True))
    texts = texts_of(plot_risk_coverage(replace(evaluation.headline, by_size=by_size)))
    assert "48 px" in texts and "16 px" in texts and "8 px" not in texts
