"""Plots of a made-up study: what they draw and name, read from the SVG."""

from dataclasses import replace
from xml.etree import ElementTree

from ekspresi.study.findings import Study
from ekspresi.study.plots import plot_arms_by_size, plot_learning, plot_recalls
from ekspresi.visualization.svg import SERIES

SVG = "{http://www.w3.org/2000/svg}"


def texts(plot: str) -> list[str]:
    """Text elements of a plot, in the order of drawing."""
    return ["".join(each.itertext()).strip() for each in ElementTree.fromstring(plot).iter(f"{SVG}text")]


def test_plot_arms_by_size_names_arms_and_sizes(figures: Study) -> None:
    arms = figures.under("subject-10fold")
    plot = plot_arms_by_size(arms, "by-size")
    written = texts(plot)
    assert {"rmsprop", "adam", "no-oversampling", "side of the face, pixels", "accuracy, %"} <= set(written)
    assert written[:6] == ["8", "12", "16", "24", "32", "48"]
    assert plot == plot_arms_by_size(arms, "by-size") != plot_arms_by_size(arms, "others")


def test_plot_arms_by_size_draws_a_band_with_intervals_only(figures: Study) -> None:
    arm = figures.under("subject-10fold")[1]
    bare = tuple(
        replace(each, scores=replace(each.scores, accuracy=replace(each.scores.accuracy, low=None, high=None)))
        for each in arm.image.by_size
    )
    without = replace(arm, image=replace(arm.image, by_size=bare))
    assert "fill-opacity: 0.13" in plot_arms_by_size([arm], "a")
    assert "fill-opacity: 0.13" not in plot_arms_by_size([without], "a")


def test_plot_arms_by_size_dashes_arms_beyond_the_colors(figures: Study) -> None:
    arm = figures.arms[0]
    many = [replace(arm, arm=f"arm{number}") for number in range(len(SERIES) + 1)]
    assert "stroke-dasharray: 7" not in plot_arms_by_size(many[:-1], "few")
    plot = plot_arms_by_size(many, "many")
    assert "stroke-dasharray: 7" in plot and f"arm{len(SERIES)}" in texts(plot)


def test_plot_learning_leaves_out_arms_without_the_size(figures: Study) -> None:
    first, second = figures.arms[0], replace(figures.arms[2], curve_px=(24, 12))
    written = texts(plot_learning([first, second], 16))
    assert "validation accuracy at 16 px, %" in written and "epoch" in written
    assert "rmsprop" in written and "adam" not in written
    assert "adam" not in texts(plot_learning([first, replace(figures.arms[2], curve=())], 16))


def test_plot_recalls_writes_percents_and_supports(figures: Study) -> None:
    plain, balanced = figures.arms[4], figures.arms[0]
    written = texts(plot_recalls([plain, balanced], ["fear", "anger"], 48))
    assert {"none", "balanced", "fear", "anger", "60 faces"} <= set(written)
    bars = written[written.index("recall, %") + 1 :][:4]
    assert bars == ["0", "100", "100", "100"]  # without oversampling, fear is never found
