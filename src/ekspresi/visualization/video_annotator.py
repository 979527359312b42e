"""Frames of a video with their faces -> pictures of a film, in which labels stand still.

In: ``FrameResult`` values, one after another. Out: a Pillow image of each. Knows nothing of files, nor of how a film is
encoded.

What a still needs is in ``image_annotator``; a film needs memory besides. A label keeps its place beside its face as
long as it is free there, has always the same size, and does not tremble with the box: only where it would be more than
a line's width off does it follow. What is said is that of the row. The number of the track is that of the table and the
page.
"""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from ekspresi.types import Box, FrameResult, Row
from ekspresi.visualization.anonymization import anonymize
from ekspresi.visualization.image_annotator import annotate, draw_frame, enlarged, text_px_of
from ekspresi.visualization.label_layout import BEARABLE, GOOD, Spot, evaluate_spot, leader, nearby, place_label
from ekspresi.visualization.labels import steady_labels_of
from ekspresi.visualization.palette import color_of

REST_S = 1.0
"""A label that has moved, shrunk, vanished or come back stays so for this long, if it hides little."""
_NOTICEABLE = 0.1
"""Cost above which a label that has rested looks for a better place."""
_FORGOTTEN_S = 2.0
"""A track unseen for this long has lost its place: where frames come seldom, labels need not stand still."""


@dataclass(slots=True)
class _Label:
    """Where a track's label stands.

    Attributes:
        spot: None where there was no room.
        text_px: height of its letters.
        x, y: where it was drawn.
        rests_s: since when it rests: it changed to another spot, or looked in vain for a better one.
        seen_s: when its face was last there.
    """

    spot: Spot | None
    text_px: int
    x: float
    y: float
    rests_s: float
    seen_s: float


class VideoAnnotator:
    """Draws one frame after another.

    Attributes:
        anonymize: no face can be recognized in what is drawn, see ``anonymization``.
    """

    def __init__(self, *, anonymize: bool = False) -> None:
        """Begin without memory."""
        self.anonymize = anonymize
        self._source: str | None = None
        self._labels: dict[int, _Label] = {}
        self._factor = 0

    def annotate(self, result: FrameResult) -> Image.Image:
        """A frame and its rows -> the frame with boxes, names, confidences and the strongest beliefs.

        Returns:
            RGB picture. Of a video: of the frame's size, or a whole multiple of it, the same for all frames of that
            size, where it is too small for text. A still is drawn as ``image_annotator.annotate`` does.
        """
        frame = result.frame
        image = anonymize(frame.image, result.hidden) if self.anonymize else frame.image
        if frame.time_s is None:
            return annotate(image, [row.face for row in result.rows])
        if frame.source != self._source:
            self._source, self._labels = frame.source, {}
        picture, factor = enlarged(image)
        if factor != self._factor:
            self._factor, self._labels = factor, {}
        self._draw(picture, result.rows, frame.time_s)
        return picture

    def _draw(self, picture: Image.Image, rows: tuple[Row, ...], time_s: float) -> None:
        scale = (picture.width * picture.height) ** 0.5
        line = max(2, round(scale / 350))
        frames = [_frame_of(row, self._factor, line) for row in rows]
        for row, frame in zip(rows, frames, strict=True):
            if not _fills(frame, picture):
                draw_frame(picture, frame, color_of(row.face.prediction), line)
        # Who stands there already stays; of the new ones the largest come first.
        order = sorted(range(len(rows)), key=lambda i: rows[i].track not in self._labels)
        draw = ImageDraw.Draw(picture)
        placed: list[tuple[Image.Image, Box]] = []
        for row, frame in ((rows[i], frames[i]) for i in order):
            if (label := self._label(row, frame, frames, [box for _, box in placed], picture, time_s)) is None:
                continue
            placed.append(label)
            if not _fills(frame, picture) and (ends := leader(frame, label[1], 2 * line)):
                draw.line(ends, fill=color_of(row.face.prediction), width=max(1, line // 2))
        for panel, (left, top, _, _) in placed:
            picture.paste(panel, (round(left), round(top)), panel)
        gone = [track for track, kept in self._labels.items() if time_s - kept.seen_s > _FORGOTTEN_S]
        for track in gone:
            del self._labels[track]

    def _label(
        self, row: Row, frame: Box, frames: list[Box], taken: list[Box], picture: Image.Image, time_s: float
    ) -> tuple[Image.Image, Box] | None:
        """A row -> its panel and where it stands; None where there is no room."""
        belief = row.face.prediction
        if belief is None:
            return None
        scale = (picture.width * picture.height) ** 0.5
        line = max(2, round(scale / 350))
        kept = None if row.track is None else self._labels.get(row.track)
        wanted_px = text_px_of(frame, scale)
        text_px = kept.text_px if kept and abs(wanted_px - kept.text_px) < 1 else round(wanted_px)
        panels = steady_labels_of(belief, text_px, row.track)
        sizes = [panel.size for panel in panels]
        if _fills(frame, picture):  # on the face, where else
            width, height = sizes[0]
            return panels[0], (0, picture.height - height, width, picture.height)
        others, labels = (nearby(boxes, frame, sizes, 2 * line) for boxes in (frames, taken))
        around = (frame, others, labels, picture.size, 2 * line)
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
    """Where a label stood -> where it stands now, None where there is no room, and since when it rests."""
    if kept is None:
        return place_label(sizes, *around), time_s
    rested = time_s - kept.rests_s >= REST_S
    if kept.spot is None:
        return (place_label(sizes, *around, bearable=GOOD), time_s) if rested else (None, kept.rests_s)
    now = evaluate_spot(kept.spot.label, kept.spot.number, sizes[kept.spot.label], *around)
    if now.cost > (_NOTICEABLE if rested else BEARABLE):
        return place_label(sizes, *around), time_s
    if rested and now.label > 0:  # a short one that might be full again
        return place_label(sizes[: now.label], *around, bearable=GOOD) or now, time_s
    return now, kept.rests_s


def _frame_of(row: Row, factor: int, line: int) -> Box:
    """The line stands outside the box: a face of ten pixels has none to spare."""
    x1, y1, x2, y2 = (edge * factor for edge in row.face.box_xyxy)
    return (x1 - line, y1 - line, x2 + line, y2 + line)


def _fills(frame: Box, picture: Image.Image) -> bool:
    """Whether a face takes the whole picture, such as a crop does."""
    return (frame[2] - frame[0]) * (frame[3] - frame[1]) > 0.7 * picture.width * picture.height
