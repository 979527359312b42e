"""Draw the faces of a video frame by frame, with labels that stay still.

In: ``FrameResult`` values in order. Out: a Pillow image for each. Does not know about files, nor how a video is
encoded.

``image_annotator`` draws a still image; a video also needs memory. A label keeps its spot next to its face as long as
the spot is free. Its size is constant, and it follows its face only when it is off by more than the width of a line.
Answer and track number are those of the row, and so the same as in the table and the page.
"""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from ekspresi.imaging.pixel_shape import square_result
from ekspresi.types import Box, FrameResult, Row
from ekspresi.visualization.anonymization import anonymize
from ekspresi.visualization.drawing_scale import choose_line_px, choose_text_px, viewing_px
from ekspresi.visualization.image_annotator import annotate, enlarge
from ekspresi.visualization.label_layout import BEARABLE, GOOD, Spot, connect_label, evaluate_spot, nearby, place_label
from ekspresi.visualization.labels import draw_steady_labels
from ekspresi.visualization.outlines import draw_outline
from ekspresi.visualization.palette import choose_color

REST_S = 1.0
"""Seconds for which a label keeps a new state (moved, shrunk, removed, restored) if it hides little."""
_NOTICEABLE = 0.1
"""Cost above which a label that has rested looks for a better spot."""
_DROPPED_S = 2.0
"""Seconds after which an unseen track loses its spot. Where frames are far apart, labels need not stay still."""


@dataclass(slots=True)
class _Label:
    """Remember where the label of a track was drawn.

    Attributes:
        spot: of the label; None where there was no room.
        text_px: height of its letters in pixels.
        x, y: upper left corner in pixels.
        rests_s: time of its last change of spot, or of its last search for a better one.
        seen_s: time of the last frame with its face.
    """

    spot: Spot | None
    text_px: int
    x: float
    y: float
    rests_s: float
    seen_s: float


class VideoAnnotator:
    """Draw the frames of videos in order.

    Example:
        >>> import numpy as np
        >>> from ekspresi.types import Face, Frame, Prediction
        >>> face = Face((9, 9, 33, 33), 0.9, None, Prediction("fear", 0.7, {"fear": 0.7, "anger": 0.3}, 24.0))
        >>> frame = Frame("a.mp4", 0, 0.0, np.zeros((480, 640, 3), np.uint8))
        >>> VideoAnnotator().annotate(FrameResult(frame, (Row("a.mp4", 0, 0.0, 1, face),), ())).size
        (640, 480)

    Attributes:
        anonymize: whether faces are made unrecognizable, see ``anonymization``.
    """

    def __init__(self, *, anonymize: bool = False) -> None:
        """Start without memory.

        Args:
            anonymize: make faces unrecognizable.
        """
        self.anonymize = anonymize
        self._source: str | None = None
        self._labels: dict[int, _Label] = {}
        self._factor = 0

    def annotate(self, result: FrameResult) -> Image.Image:
        """Draw the outlines and labels of a frame's faces.

        Args:
            result: the next frame, with its rows and the boxes to hide.

        Returns:
            RGB picture of square pixels. For videos it has the frame's size, or a whole multiple of it where the frame
            is too small for text: the same for all frames of that size. A still image is drawn as
            ``image_annotator.annotate`` does.
        """
        result = square_result(result)
        frame = result.frame
        image = anonymize(frame.image, result.hidden) if self.anonymize else frame.image
        if frame.time_s is None:
            return annotate(image, [row.face for row in result.rows])
        if frame.source != self._source:
            self._source, self._labels = frame.source, {}
        picture, factor = enlarge(image)
        if factor != self._factor:
            self._factor, self._labels = factor, {}
        self._draw(picture, result.rows, frame.time_s)
        return picture

    def _draw(self, picture: Image.Image, rows: tuple[Row, ...], time_s: float) -> None:
        line = choose_line_px(viewing_px(*picture.size))
        outlines = [_outline_of(row, self._factor, line) for row in rows]
        for row, outline in zip(rows, outlines, strict=True):
            if not _fills(outline, picture):
                unsure = row.face.prediction is not None and row.face.prediction.abstained
                draw_outline(picture, outline, choose_color(row.face.prediction), line, dashed=unsure)
        # Tracks with a label come first; new ones follow, the largest first.
        order = sorted(range(len(rows)), key=lambda i: rows[i].track not in self._labels)
        draw = ImageDraw.Draw(picture)
        placed: list[tuple[Image.Image, Box]] = []
        for row, outline in ((rows[i], outlines[i]) for i in order):
            if (label := self._label(row, outline, outlines, [box for _, box in placed], picture, time_s)) is None:
                continue
            placed.append(label)
            if not _fills(outline, picture) and (ends := connect_label(outline, label[1], 2 * line)):
                draw.line(ends, fill=choose_color(row.face.prediction), width=max(1, line // 2))
        for panel, (left, top, _, _) in placed:
            picture.paste(panel, (round(left), round(top)), panel)
        dropped = [track for track, label in self._labels.items() if time_s - label.seen_s > _DROPPED_S]
        for track in dropped:
            del self._labels[track]

    def _label(
        self, row: Row, outline: Box, outlines: list[Box], occupied: list[Box], picture: Image.Image, time_s: float
    ) -> tuple[Image.Image, Box] | None:
        """Draw the label of a row and find its box; None without room."""
        prediction = row.face.prediction
        if prediction is None:
            return None
        viewing = viewing_px(*picture.size)
        line = choose_line_px(viewing)
        kept = None if row.track is None else self._labels.get(row.track)
        wanted_px = choose_text_px(outline, viewing)
        text_px = kept.text_px if kept and abs(wanted_px - kept.text_px) < 1 else round(wanted_px)
        panels = draw_steady_labels(prediction, text_px, row.track)
        sizes = [panel.size for panel in panels]
        if _fills(outline, picture):  # on the face: there is room nowhere else
            width, height = sizes[0]
            return panels[0], (0, picture.height - height, width, picture.height)
        others, labels = (nearby(boxes, outline, sizes, 2 * line) for boxes in (outlines, occupied))
        around = (outline, others, labels, picture.size, 2 * line)
        spot, rests_s = _spot(kept, sizes, around, time_s)
        x, y = (0.0, 0.0) if spot is None else (float(spot.x), float(spot.y))
        if kept and kept.spot and spot and kept.spot[:2] == spot[:2] and kept.text_px == text_px:
            x, y = (min(max(old, new - line), new + line) for old, new in ((kept.x, x), (kept.y, y)))
        if row.track is not None:
            self._labels[row.track] = _Label(spot, text_px, x, y, rests_s, time_s)
        if spot is None:
            return None
        width, height = sizes[spot.label]
        return panels[spot.label], (x, y, x + width, y + height)


def _spot(
    kept: _Label | None,
    sizes: list[tuple[int, int]],
    around: tuple[Box, list[Box], list[Box], tuple[int, int], int],
    time_s: float,
) -> tuple[Spot | None, float]:
    """Choose the spot of a label, None without room, and the time since which it rests."""
    if kept is None:
        return place_label(sizes, *around), time_s
    rested = time_s - kept.rests_s >= REST_S
    if kept.spot is None:
        return (place_label(sizes, *around, bearable=GOOD), time_s) if rested else (None, kept.rests_s)
    now = evaluate_spot(kept.spot.label, kept.spot.number, sizes[kept.spot.label], *around)
    if now.cost > (_NOTICEABLE if rested else BEARABLE):
        return place_label(sizes, *around), time_s
    if rested and now.label > 0:  # a short label that may be full again
        return place_label(sizes[: now.label], *around, bearable=GOOD) or now, time_s
    return now, kept.rests_s


def _outline_of(row: Row, factor: int, line: int) -> Box:
    """Return the box around a face and its line: a face of ten pixels has none to lose."""
    x1, y1, x2, y2 = (edge * factor for edge in row.face.box_xyxy)
    return (x1 - line, y1 - line, x2 + line, y2 + line)


def _fills(outline: Box, picture: Image.Image) -> bool:
    """Return whether a face fills the picture, as a crop does."""
    return (outline[2] - outline[0]) * (outline[3] - outline[1]) > 0.7 * picture.width * picture.height
