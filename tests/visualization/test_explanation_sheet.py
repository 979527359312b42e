"""Check that a sheet colors only falls of the probability, and that its text explains them."""

import numpy as np
import pytest

from ekspresi.recognition.explanation import GRID, Explanation, Occlusion, Reduced
from ekspresi.types import Prediction
from ekspresi.visualization.explanation_sheet import FLAT, SCALES, choose_scale, draw_heat_map, render_explanations


def prediction(abstained=False, effective_px=None):
    return Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, 24.0, effective_px, abstained)


def occlusion(peak, crop=None, **fields):
    """Build a map with a fall of ``peak`` in the upper left quadrant, and an equal rise in the lower right."""
    falls = np.zeros((GRID, GRID))
    falls[: GRID // 2, : GRID // 2] = peak
    falls[GRID // 2 :, GRID // 2 :] = -peak
    return Occlusion(np.full((24, 24), 120, np.uint8) if crop is None else crop, prediction(**fields), falls)


def explanation(peak=0.4, sizes=(24, 8), **fields):
    reduced = tuple(Reduced(np.full((side, side), 120, np.uint8), prediction(**fields)) for side in sizes)
    return Explanation(occlusion(peak, **fields), reduced)


def tint(picture):
    """Compute the distance of each pixel from gray."""
    pixels = np.asarray(picture).astype(int)
    return pixels.max(axis=-1) - pixels.min(axis=-1)


def test_draw_heat_map_colors_only_falls():
    color = tint(draw_heat_map(occlusion(0.4), 96))
    assert color.shape == (96, 96)
    assert (color[:40, :40] > 80).all()
    assert (color[56:] < 20).all()
    assert (color[:, 56:] < 20).all(), "a rise of the probability has no color"


def test_draw_heat_map_equal_falls_have_equal_color():
    weak, strong = (tint(draw_heat_map(occlusion(peak), 96))[10, 10] for peak in (0.26, 0.5))
    assert weak == pytest.approx(strong * 0.26 / 0.5, abs=2)


@pytest.mark.parametrize(("peak", "scale"), [(0.03, 0.1), (0.1, 0.1), (0.11, 0.25), (0.43, 0.5), (0.51, 1.0), (1, 1)])
def test_choose_scale_is_the_smallest_above_the_peak(peak, scale):
    assert choose_scale(occlusion(peak)) == scale
    assert scale in SCALES


@pytest.mark.parametrize("peak", [0.0, FLAT * 0.99])
def test_draw_heat_map_flat_map_has_no_color(peak):
    flat = occlusion(peak)
    assert choose_scale(flat) is None
    assert (tint(draw_heat_map(flat, 96)) == 0).all()
    assert (tint(render_explanations([explanation(peak)]))[:520, :400] < 25).all(), "and no scale is drawn"


def test_draw_heat_map_shows_pixels_as_squares():
    crop = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    picture = np.asarray(draw_heat_map(occlusion(0.0, crop), 96))
    np.testing.assert_array_equal(picture[..., 0], crop.repeat(12, axis=0).repeat(12, axis=1))


@pytest.mark.parametrize(("shape", "size"), [((1, 1), (96, 96)), ((20, 40), (96, 48)), ((300, 3), (1, 96))])
def test_draw_heat_map_keeps_the_shape_of_the_crop(shape, size):
    assert draw_heat_map(occlusion(0.4, np.zeros(shape, np.uint8)), 96).size == (size[0] or 1, size[1])


def test_render_explanations_draws_a_band_for_each_face():
    sizes = (24, 16, 12, 8)  # wide bands, so that three lie in one column
    one, three = (render_explanations([explanation(sizes=sizes)] * n) for n in (1, 3))
    assert three.mode == "RGB"
    assert one.width == three.width
    band, rest = divmod(three.height - one.height, 2)
    assert rest == 0
    assert band > 400
    pixels = np.asarray(three).astype(int)
    top = pixels[36 + 62 : 36 + band - 60]
    np.testing.assert_array_equal(top, pixels[36 + 62 + band : 36 + 2 * band - 60])
    assert (pixels[36 : 36 + 62] != pixels[36 + band : 36 + 62 + band]).any(), "the numbers differ"


@pytest.mark.parametrize("number", [2, 5, 12, 24])
def test_render_explanations_of_many_faces_is_bounded(number):
    sheet = render_explanations([explanation(sizes=(48, 32, 24, 16, 12, 8))] * number)
    assert max(sheet.size) < 7000 and max(sheet.size) < 3 * min(sheet.size)
    bands = (tint(sheet) > 80).sum()
    assert bands >= number * 150 * 150, "each face has its map"


def test_render_explanations_without_a_map_says_so():
    """Draw words where the scale would be, and no word of colors at the bottom."""
    flat, colored = (np.asarray(render_explanations([explanation(peak)])) for peak in (0.0, 0.4))
    below = np.s_[36 + 62 + 384 + 18 : 36 + 62 + 384 + 18 + 60, 36 : 36 + 384]
    assert (flat[below].max(axis=-1) < 100).any() and (tint(flat[below]) < 25).all()
    assert (tint(colored[below]) > 80).any()


def test_render_explanations_shows_abstention_and_effective_size():
    silent, sure = (render_explanations([explanation(abstained=abstained)]) for abstained in (True, False))
    assert silent.height > sure.height, "the note explains the word"
    title = np.s_[36 : 36 + 50, :700]
    assert (np.asarray(silent)[title] != np.asarray(sure)[title]).any()
    sized = render_explanations([explanation(effective_px=11.0)])
    assert sized.height > sure.height
    assert (np.asarray(sized)[title] != np.asarray(sure)[title]).any()


@pytest.mark.parametrize(("peak", "text_top"), [(0.0, 18), (0.04, 94), (0.4, 94), (1.0, 94)])
def test_render_explanations_text_fits_below_the_map(peak, text_top):
    pixels = np.asarray(render_explanations([explanation(peak)]))
    words = pixels[36 + 62 + 384 + text_top : -120, 36 : 36 + 384]
    written = (words < 200).any(axis=(1, 2)).astype(int)
    assert (np.diff(written) == 1).sum() + written[0] >= 2, "lines wrap at the width of the map"
    assert (words[:, -2:] == 255).all()
