"""A sheet colors what matters, leaves bare what does not, and says so."""

import numpy as np
import pytest

from ekspresi.recognition.explanation import GRID, Explanation, Occlusion, Reduced
from ekspresi.types import Prediction
from ekspresi.visualization.explanation_sheet import FLAT, SCALES, heat_map, render_explanations, scale_of


def prediction(abstained=False, effective_px=None):
    return Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, 24.0, effective_px, abstained)


def occlusion(peak, crop=None, **belief):
    """A fall of ``peak`` all over the upper left quadrant of a gray crop, a rise of as much in the lower right."""
    falls = np.zeros((GRID, GRID))
    falls[: GRID // 2, : GRID // 2] = peak
    falls[GRID // 2 :, GRID // 2 :] = -peak
    return Occlusion(np.full((24, 24), 120, np.uint8) if crop is None else crop, prediction(**belief), falls)


def explanation(peak=0.4, sizes=(24, 8), **belief):
    reduced = tuple(Reduced(np.full((side, side), 120, np.uint8), prediction(**belief)) for side in sizes)
    return Explanation(occlusion(peak, **belief), reduced)


def tint(picture):
    """How far from gray each pixel is."""
    pixels = np.asarray(picture).astype(int)
    return pixels.max(axis=-1) - pixels.min(axis=-1)


def test_color_stands_where_the_belief_falls_and_nowhere_else():
    color = tint(heat_map(occlusion(0.4), 96))
    assert color.shape == (96, 96)
    assert (color[:40, :40] > 80).all()
    assert (color[56:] < 20).all()
    assert (color[:, 56:] < 20).all(), "hiding that strengthens a belief has no color"


def test_the_same_fall_has_the_same_color_whatever_the_face():
    weak, strong = (tint(heat_map(occlusion(peak), 96))[10, 10] for peak in (0.26, 0.5))
    assert weak == pytest.approx(strong * 0.26 / 0.5, abs=2)


@pytest.mark.parametrize(("peak", "scale"), [(0.03, 0.1), (0.1, 0.1), (0.11, 0.25), (0.43, 0.5), (0.51, 1.0), (1, 1)])
def test_the_scale_is_round_and_holds_the_peak(peak, scale):
    assert scale_of(occlusion(peak)) == scale
    assert scale in SCALES


@pytest.mark.parametrize("peak", [0.0, FLAT * 0.99])
def test_a_flat_map_is_left_bare(peak):
    flat = occlusion(peak)
    assert scale_of(flat) is None
    assert (tint(heat_map(flat, 96)) == 0).all()
    assert (tint(render_explanations([explanation(peak)]))[:520, :400] < 25).all(), "and there is no scale beside it"


def test_the_pixels_of_a_face_are_seen_as_squares():
    crop = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    picture = np.asarray(heat_map(occlusion(0.0, crop), 96))
    np.testing.assert_array_equal(picture[..., 0], crop.repeat(12, axis=0).repeat(12, axis=1))


@pytest.mark.parametrize(("shape", "size"), [((1, 1), (96, 96)), ((20, 40), (96, 48)), ((300, 3), (1, 96))])
def test_crops_keep_their_shape(shape, size):
    assert heat_map(occlusion(0.4, np.zeros(shape, np.uint8)), 96).size == (size[0] or 1, size[1])


def test_each_face_has_a_band_of_its_own():
    one, three = (render_explanations([explanation()] * n) for n in (1, 3))
    assert three.mode == "RGB"
    assert one.width == three.width
    band, rest = divmod(three.height - one.height, 2)
    assert rest == 0
    assert band > 400
    pixels = np.asarray(three).astype(int)
    top = pixels[36 + 62 : 36 + band - 60]
    np.testing.assert_array_equal(top, pixels[36 + 62 + band : 36 + 2 * band - 60])
    assert (pixels[36 : 36 + 62] != pixels[36 + band : 36 + 62 + band]).any(), "the numbers differ"


def test_silence_and_sizes_are_said():
    silent, sure = (render_explanations([explanation(abstained=word)]) for word in (True, False))
    assert silent.height > sure.height, "the word is explained where it stands"
    title = np.s_[36 : 36 + 50, :700]
    assert (np.asarray(silent)[title] != np.asarray(sure)[title]).any()
    sized = render_explanations([explanation(effective_px=11.0)])
    assert sized.height > sure.height
    assert (np.asarray(sized)[title] != np.asarray(sure)[title]).any()


@pytest.mark.parametrize(("peak", "text_top"), [(0.0, 18), (0.04, 94), (0.4, 94), (1.0, 94)])
def test_words_stand_below_the_map_and_none_is_cut(peak, text_top):
    pixels = np.asarray(render_explanations([explanation(peak)]))
    words = pixels[36 + 62 + 384 + text_top : -120, 36 : 36 + 384]
    written = (words < 200).any(axis=(1, 2)).astype(int)
    assert (np.diff(written) == 1).sum() + written[0] >= 2, "a line is broken where it would reach past the map"
    assert (words[:, -2:] == 255).all()
