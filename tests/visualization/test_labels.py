"""Check the labels of faces: what they show, their sizes, and their rounded shape."""

import numpy as np
import pytest

from ekspresi.types import Prediction
from ekspresi.visualization.labels import draw_labels, draw_rounded_mask, draw_steady_labels
from ekspresi.visualization.palette import COLORS
from tests.visualization.test_image_annotator import has_color, prediction


def test_draw_labels_short_label_is_a_single_line() -> None:
    full, short = draw_labels(prediction("fear"), 20)
    assert full.mode == short.mode == "RGBA"
    assert short.height == round(20 * 1.5) < full.height
    assert has_color(np.asarray(short)[..., :3], COLORS["fear"])


def test_draw_labels_equal_probabilities_keep_the_model_order() -> None:
    probabilities = {"neutral": 0.6, "fear": 0.2, "anger": 0.2}
    drawn, swapped = (
        np.asarray(
            draw_labels(Prediction("neutral", 0.6, {label: probabilities[label] for label in order}, 24.0), 20)[0]
        )
        for order in (("neutral", "fear", "anger"), ("neutral", "anger", "fear"))
    )
    fear, anger = (
        np.flatnonzero(
            (np.abs(drawn[..., :3].astype(int) - list(bytes.fromhex(COLORS[label][1:]))) <= 2).all(-1).any(1)
        )
        for label in ("fear", "anger")
    )
    assert fear.max() < anger.min()
    assert (drawn != swapped).any()


def test_draw_labels_larger_text_gives_larger_labels() -> None:
    small, large = (draw_labels(prediction(), text_px)[0] for text_px in (13, 26))
    assert large.width == pytest.approx(2 * small.width, rel=0.1)
    assert large.height == pytest.approx(2 * small.height, rel=0.1)


def test_draw_steady_labels_are_cached_and_of_one_size() -> None:
    labels = [draw_steady_labels(prediction(expression), 20, 7) for expression in ("fear", "contempt")]
    assert [label.size for label in labels[0]] == [label.size for label in labels[1]]
    assert draw_steady_labels(prediction("fear"), 20, 7)[0] is labels[0][0]
    assert draw_steady_labels(prediction("fear"), 20, None)[0].width < labels[0][0].width


def test_draw_rounded_mask_line_is_a_hollow_outline() -> None:
    filled, outline = (np.asarray(draw_rounded_mask((40, 30), 6, line)) for line in (None, 3))
    assert filled.shape == outline.shape == (30, 40)
    assert filled[15, 20] == 255 and outline[15, 20] == 0
    assert filled[0, 0] == outline[0, 0] == 0, "corners are round"
    np.testing.assert_array_equal(filled[:3, 10:30], outline[:3, 10:30])


def test_draw_rounded_mask_strength_scales_the_opacity() -> None:
    assert np.asarray(draw_rounded_mask((40, 30), 6, strength=0.35)).max() == int(255 * 0.35)
