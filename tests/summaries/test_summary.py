"""The values of a summary: the dominant expression, and comparison by identity where arrays are held."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from ekspresi.summaries.builder import SummaryBuilder
from ekspresi.summaries.summary import ExpressionTimes, ProbabilityCurve, RunSummary, TrackSummary, VideoSummary
from tests.support.results import belief, seen


def run_of(*expressions: str) -> RunSummary:
    """Summarize one video of one track, with one frame for each expression."""
    builder = SummaryBuilder()
    for number, expression in enumerate(expressions):
        builder.add(seen([belief(expression)], number / 10))
    return builder.build()


def test_dominant_of_no_answers_is_none() -> None:
    assert ExpressionTimes(3.0, 3.0, {}).dominant is None


def test_dominant_of_a_run_is_the_longest_expression() -> None:
    (video,) = run_of("surprise", "neutral", "neutral", "neutral", "surprise").videos
    assert list(video.shown.by_expression) == ["neutral", "surprise"]
    assert video.shown.dominant == video.tracks[0].shown.dominant == "neutral"


def test_by_answer_ranks_unsure_among_the_expressions() -> None:
    shown = ExpressionTimes(8.0, 4.0, {"fear": 3.0, "anger": 1.0})
    assert list(shown.by_answer.items()) == [("unsure", 4.0), ("fear", 3.0), ("anger", 1.0)]
    assert list(ExpressionTimes(2.0, 1.0, {"fear": 1.0}).by_answer) == ["fear", "unsure"]  # a tie
    assert ExpressionTimes(2.0, 0.0, {"fear": 2.0}).by_answer == {"fear": 2.0}


def test_shares_of_a_run_add_up_to_the_total() -> None:
    (video,) = run_of("surprise", "neutral", "happiness").videos
    assert sum(video.shown.by_expression.values()) + video.shown.unsure == pytest.approx(video.shown.total)


def test_summaries_with_arrays_compare_without_an_error() -> None:
    first, second = run_of("neutral", "surprise"), run_of("neutral", "surprise")
    for one, other in ((first, second), (first.videos[0], second.videos[0])):
        assert one == one and one != other
    track, same = first.videos[0].tracks[0], second.videos[0].tracks[0]
    assert track != same and track.shown == same.shown
    assert len({track, same, track.curve, same.curve}) == 4


@pytest.mark.parametrize("kind", [ProbabilityCurve, ExpressionTimes, TrackSummary, VideoSummary, RunSummary])
def test_summaries_are_frozen(kind: type) -> None:
    run = run_of("neutral")
    video = run.videos[0]
    values = {type(one): one for one in (run, video, video.shown, video.tracks[0], video.tracks[0].curve)}
    with pytest.raises(FrozenInstanceError):
        setattr(values[kind], fields(kind)[0].name, None)


def test_curve_is_bins_by_labels() -> None:
    curve = run_of(*["neutral"] * 12).videos[0].tracks[0].curve
    assert curve is not None
    bins, labels = len(curve.starts_s), len(curve.labels)
    assert bins > 1 and curve.probabilities.shape == (bins, labels)
    assert curve.ends_s.shape == curve.unsure.shape == (bins,)
    assert (curve.ends_s > curve.starts_s).all() and (np.diff(curve.starts_s) > 0).all()
