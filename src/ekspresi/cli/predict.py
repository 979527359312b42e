"""``ekspresi predict``: pictures -> a table of their faces, files, annotated pictures.

In: files, folders, globs. Out: a table on the screen, and what ``--out`` and ``--annotate`` name. No logic of
its own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import DetectorName, EvenPrior, MinFacePx, ModelFile
from ekspresi.cli.terminal import error_line, printable
from ekspresi.errors import EkspresiError, ImageError, OutputError

if TYPE_CHECKING:
    from rich.table import Table

    from ekspresi.types import Prediction, Row

_SHOWN = 40
"""Faces that are printed where ``--out`` keeps them all."""

_ROOM = {"runner-up": 78, "carries": 64, "face box": 56}
"""Column -> width of the screen, in letters, from which it is shown: a picture's name keeps at least twelve."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("predict")(predict)


def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures, folders, or globs in quotes.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all faces to a table, .csv or .jsonl.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pictures with their faces marked here.")
    ] = None,
    detector: DetectorName = "mtcnn",
    model: ModelFile = None,
    min_face_px: MinFacePx = 12,
    even_prior: EvenPrior = False,
) -> None:
    """Find the faces in pictures and recognise their expressions.

    'unsure' means that the face is too small, or the belief too weak, to answer with the precision that the model
    was calibrated for.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ekspresi import detection, drawing
    from ekspresi.analysis import Analyzer
    from ekspresi.images import load_image
    from ekspresi.outputs import annotated_paths, make_folder, save_picture, table
    from ekspresi.recognition import Recognizer
    from ekspresi.sources import below_common_folder, image_paths
    from ekspresi.types import Row

    errors = Console(stderr=True)

    def tell(error: EkspresiError) -> None:
        errors.print(error_line(error), markup=False, highlight=False, soft_wrap=True)

    unmet: list[EkspresiError] = []  # what was named or asked for; a bad file that a folder happens to hold is not
    sources = image_paths(paths, unmet.append)
    for error in unmet:
        tell(error)
    if not sources:
        raise typer.Exit(2)
    analyzer = Analyzer(Recognizer(model, even_prior=even_prior), detection.detector(detector, min_face_px))
    targets = annotated_paths(sources, annotate) if annotate else {}
    failed, faceless, unwritten = 0, 0, 0
    rows: list[Row] = []
    with ExitStack() as stack:
        write: Callable[[Row], None] | None = None
        if out:
            write = stack.enter_context(table(out, analyzer.recognizer.labels))
        if annotate:
            make_folder(annotate)
        progress = stack.enter_context(
            Progress(console=errors, transient=True, disable=len(sources) < 2 or not errors.is_terminal)
        )
        for source in progress.track(sources, description="recognising"):
            try:
                image = load_image(source)
            except ImageError as error:
                failed += 1
                unmet += [error] if source in paths else []
                tell(error)
                continue
            faces = analyzer.analyze(image)
            found = [Row(str(source), 0, None, None, face) for face in faces]
            rows += found
            faceless += not faces
            if write:
                for row in found:
                    write(row)
            if annotate:
                try:
                    save_picture(drawing.annotate(image, faces), targets[source])
                except OutputError as error:  # the table of what is recognised must not be lost by it
                    unwritten += 1
                    unmet.append(error)
                    tell(error)
        if failed == len(sources):
            raise typer.Exit(2)
    console = Console()
    if rows:
        shown = rows[:_SHOWN] if out else rows
        names = dict(zip(map(str, sources), below_common_folder(sources), strict=True))
        console.print(_table(shown, names, console.width))
        if len(shown) < len(rows):
            console.print(f"and {len(rows) - len(shown)} more, all of them in the file", highlight=False)
    for line in _summary(len(sources), failed, faceless, len(rows), unwritten):
        console.print(line, highlight=False)
    for written in filter(None, (out, annotate)):
        console.print(f"written: {printable(str(written))}", markup=False, highlight=False, soft_wrap=True)
    if unmet:
        raise typer.Exit(2)


def _table(rows: list["Row"], names: dict[str, Path], width: int) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ekspresi.drawing import COLOURS
    from ekspresi.types import percent

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    headings = ("picture", "face box", "px", "carries", "expression", "sure", "runner-up")
    fitting = [heading for heading in headings if width >= _ROOM.get(heading, 0)]
    for heading in fitting:
        if heading == "picture":
            table.add_column(heading, overflow="fold")
        else:
            words = heading in ("expression", "runner-up")
            table.add_column(heading, justify="left" if words else "right", no_wrap=True)
    previous = ""
    for row in rows:
        belief = row.face.prediction
        assert belief is not None, "an Analyzer's faces have predictions"
        first, second = _two_most_probable(belief)
        shown, after = ("unsure", f"{first}?") if belief.abstained else (first, _with_share(belief, second))
        x1, y1, x2, y2 = (round(edge) for edge in row.face.box_xyxy)
        cells: tuple[Text | str, ...] = (
            Text(printable(str(names[row.source])) if row.source != previous else ""),
            f"{x1},{y1} {x2},{y2}",
            f"{belief.face_px:.0f}",
            "" if belief.effective_px is None else f"{belief.effective_px:.0f}",
            Text(shown, style="dim" if belief.abstained else f"bold {COLOURS.get(first, 'default')}"),
            percent(belief.confidence),
            Text(after, style="dim"),
        )
        table.add_row(*(cell for heading, cell in zip(headings, cells, strict=True) if heading in fitting))
        previous = row.source
    return table


def _two_most_probable(belief: "Prediction") -> tuple[str, str]:
    others = {label: share for label, share in belief.probabilities.items() if label != belief.expression}
    return belief.expression, max(others, key=lambda label: others[label], default="")


def _with_share(belief: "Prediction", label: str) -> str:
    from ekspresi.types import percent

    return f"{label} {percent(belief.probabilities[label])}" if label else ""


def _summary(pictures: int, failed: int, faceless: int, faces: int, unwritten: int) -> Iterator[str]:
    yield f"{_counted(faces, 'face')} in {_counted(pictures - failed, 'picture')}"
    if faceless:
        yield f"no face found in {_counted(faceless, 'picture')}; try --min-face-px with a smaller number"
    if failed:
        yield f"{pictures - failed} of {_counted(pictures, 'picture')} read, {failed} failed (see above)"
    if unwritten:
        yield f"{_counted(unwritten, 'annotated picture')} not written (see above)"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
