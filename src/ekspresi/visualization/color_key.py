"""Draw the key of a picture: the expressions of its faces, each with its outline.

In: predictions, and the boxes that the key may not cover. Out: the picture with its key, in a free corner or below.
"""

from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from ekspresi.types import UNSURE, Box, Prediction
from ekspresi.visualization.labels import draw_rounded_mask, load_font
from ekspresi.visualization.outlines import draw_outline
from ekspresi.visualization.palette import COLORS, PANEL, PANEL_INK, UNKNOWN_COLOR

_OTHER = "other"


def add_color_key(
    picture: Image.Image, predictions: Sequence[Prediction], taken: Sequence[Box], text_px: int
) -> Image.Image:
    """Draw the key where it covers neither a face nor a label; without such a place, on a strip below the picture.

    Example:
        >>> picture = Image.new("RGB", (400, 300), "#808080")
        >>> predictions = [Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, face_px=24.0)]
        >>> add_color_key(picture, predictions, [(20, 20, 60, 60)], text_px=15).size
        (400, 300)
        >>> add_color_key(picture, predictions, [(0, 0, 400, 300)], text_px=15).height > 300
        True

    Args:
        picture: RGB; changed in place where the key fits.
        predictions: of its faces.
        taken: boxes of faces and labels in pixels.
        text_px: height of the letters in pixels.

    Returns:
        The picture, or a higher one.
    """
    entries = list_entries(predictions)
    for columns in dict.fromkeys((1, 2, len(entries))):
        key = _draw_key(entries, columns, text_px)
        for left, top in _places(picture.size, key.size, margin=text_px // 2):
            box = (left, top, left + key.width, top + key.height)
            if not any(
                box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
            ):
                picture.paste(key, (left, top), key)
                return picture
    columns = len(entries)
    while columns > 1 and _draw_key(entries, columns, text_px).width > picture.width:
        columns -= 1
    key = _draw_key(entries, columns, text_px)
    extended = Image.new("RGB", (picture.width, picture.height + key.height), PANEL[:3])
    extended.paste(picture, (0, 0))
    extended.paste(key, (0, picture.height), key)
    return extended


def list_entries(predictions: Sequence[Prediction]) -> list[tuple[str, str]]:
    """List the answers of faces with their colors, in the order of the palette; an abstention comes last.

    Example:
        >>> list_entries([Prediction("fear", 0.4, {"fear": 0.4}, 9.0, abstained=True)])
        [('unsure', '#FFFFFF')]
    """
    answers = {one.answer for one in predictions}
    known = [(label, color) for label, color in COLORS.items() if label in answers]
    other = [(_OTHER, UNKNOWN_COLOR)] if answers - {*COLORS, UNSURE} else []
    return [*known, *other, *([(UNSURE, UNKNOWN_COLOR)] if UNSURE in answers else [])]


def _draw_key(entries: Sequence[tuple[str, str]], columns: int, text_px: int) -> Image.Image:
    font, pad, line = load_font(text_px), round(text_px * 0.6), max(2, text_px // 8)
    side, row = round(text_px * 1.1), round(text_px * 1.7)
    widest = round(max(font.getlength(name) for name, _ in entries))
    column = side + pad + widest + 2 * pad
    rows = -(-len(entries) // columns)
    key = Image.new("RGB", (columns * column, rows * row + pad), PANEL[:3])
    draw = ImageDraw.Draw(key)
    for number, (name, color) in enumerate(entries):
        left, top = (number // rows) * column + pad, (number % rows) * row + pad // 2 + (row - side) // 2
        draw_outline(key, (left, top, left + side, top + side), color, line, dashed=name == UNSURE)
        draw.text((left + side + pad, top + side / 2), name, PANEL_INK, font, anchor="lm")
    key.putalpha(draw_rounded_mask(key.size, text_px * 0.3))
    return key


def _places(picture: tuple[int, int], key: tuple[int, int], margin: int) -> Iterator[tuple[int, int]]:
    """Yield places along the edges of a picture, the corners first."""
    right, bottom = picture[0] - key[0] - margin, picture[1] - key[1] - margin
    if right < margin or bottom < margin:
        return
    yield from ((left, top) for top in (bottom, margin) for left in (margin, right))
    for top in (bottom, margin):
        yield from ((left, top) for left in range(margin, right, max(1, key[0] // 4)))
    for left in (margin, right):
        yield from ((left, top) for top in range(margin, bottom, max(1, key[1] // 4)))
