"""Check that lines and letters fit the picture and its faces."""

import pytest

from ekspresi.visualization.drawing_scale import choose_line_px, choose_text_px, viewing_px

BIG, PANORAMA, SCREEN = viewing_px(6000, 4000), viewing_px(8000, 1000), viewing_px(1280, 720)


@pytest.mark.parametrize("size", [(1000, 8000), (8000, 1000), (80000, 1000)])
def test_viewing_px_of_a_panorama_follows_its_shorter_side(size: tuple[int, int]) -> None:
    assert viewing_px(*size) == 1500


def test_choose_line_px_grows_with_picture_and_face() -> None:
    assert choose_line_px(BIG, 600) > choose_line_px(BIG, 150) > choose_line_px(SCREEN, 60) >= 2
    assert choose_line_px(PANORAMA, 80) <= 4


@pytest.mark.parametrize("viewing", [100.0, SCREEN, BIG])
@pytest.mark.parametrize("face_px", [18, 40, 90, 2000])
def test_choose_line_px_is_a_small_part_of_face(viewing: float, face_px: float) -> None:
    assert 2 <= choose_line_px(viewing, face_px) <= face_px / 9


def test_choose_text_px_of_a_panorama_fits_its_height() -> None:
    assert choose_text_px((0, 0, 80, 100), PANORAMA) < 1000 / 40


def test_choose_text_px_of_small_faces_is_readable_only() -> None:
    small, large = (choose_text_px((0, 0, side, side), BIG) for side in (40, 600))
    assert small == pytest.approx(18) and large == pytest.approx(72)
    assert choose_text_px((0, 0, 5, 5), SCREEN) == 13
