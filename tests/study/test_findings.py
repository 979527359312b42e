"""Sentences about a study, and the figures in them."""

from dataclasses import replace

import pytest

from ekspresi.study.comparison import Comparison
from ekspresi.study.findings import Study, accuracy_at_largest, findings, mean_accuracy, recall, select_oversampled


def test_findings_say_what_the_figures_say(figures: Study) -> None:
    text = "\n".join(findings(figures))
    assert "no-oversampling did best over all face sizes; at 48 px accuracy 75.0 %" in text
    assert "Two optimizers at 48 px: the difference is not significant." in text
    assert "Two ways of oversampling at 48 px: rmsprop beats no-oversampling by 25.0 points (p < 0.001)." in text
    assert "fear 0 → 100 %" in text and "contempt 100 → 100 %" in text
    assert "no-oversampling: 48 px 75.0 %, 32 px 100.0 %" in text
    assert "quick" not in text


def test_findings_name_differences_beyond_any_test() -> None:
    each = Comparison("optimizer", "a", "b", 48, 80, 1, 2, 1.0, 1.0, None)
    text = " ".join(findings(Study((), (each,), (), {}, {}, {}, False)))
    assert "too much alike" in text


def test_findings_of_quick_and_incomplete_studies_say_so(figures: Study) -> None:
    arms = (replace(figures.arms[0], missing=2, started_from=("a", "b")), *figures.arms[1:])
    sentences = findings(replace(figures, arms=arms, quick=True))
    assert sentences[0].startswith("This was a quick run")
    assert sentences[1] == "2 trainings are missing, so some arms are not pooled over all folds."
    assert sentences[2].startswith(
        "The trainings of rmsprop under subject-10fold started from different weights (a; b)"
    )


def test_findings_compare_both_protocols(figures: Study) -> None:
    assert [(honest.arm, leaky.protocol) for honest, leaky in figures.both()] == [
        ("rmsprop", "paper-split"),
        ("adam", "paper-split"),
    ]
    gaps = [100 * (accuracy_at_largest(b.image) - accuracy_at_largest(a.image)) for a, b in figures.both()]
    sentence = next(text for text in findings(figures) if text.startswith("Under the random image split"))
    assert f"(mean of 2 arms; {min(gaps):+.1f} to {max(gaps):+.1f})" in sentence


def test_best_takes_the_highest_mean_over_sizes(figures: Study) -> None:
    best = figures.best("subject-10fold")
    assert best is not None and best.arm == "no-oversampling"
    assert mean_accuracy(best.image) == pytest.approx((0.75 + 5) / 6)
    assert accuracy_at_largest(best.image) == pytest.approx(0.75)
    assert replace(figures, arms=()).best("subject-10fold") is None


def test_recall_is_that_of_one_class_at_one_size(figures: Study) -> None:
    plain = figures.arms[4]
    assert recall(plain.image, "fear", 48) == 0.0 and recall(plain.image, "anger", 48) == 1.0
    assert recall(plain.image, "fear", 16) == 1.0


def test_select_oversampled_puts_none_first(figures: Study) -> None:
    assert [arm.arm for arm in select_oversampled(figures)] == ["no-oversampling", "rmsprop"]
    assert select_oversampled(replace(figures, comparisons=())) == []
