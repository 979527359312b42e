"""``ekspresi _explain``: a picture -> where in its faces the evidence lies, and what is left of it at each size.

In: one picture. Out: a picture with a band for each face, and a table on the screen. No logic of its own.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import (
    DetectorName,
    EvenPrior,
    MinFacePx,
    ModelFile,
    Overwrite,
    PriorChoice,
    PriorName,
    prior_of,
)
from ekspresi.cli.terminal import printable
from ekspresi.errors import ImageError, OutputError

if TYPE_CHECKING:
    from rich.table import Table

    from ekspresi.recognition.explanation import Explanation
    from ekspresi.types import Face

_LARGEST = 24
"""Faces that are explained; a crowd would make a picture that no program opens."""

_ENDINGS = (".png", ".jpg", ".jpeg")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("explain")(_explain)


def _explain(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture with faces.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Picture to write, .png or .jpg; default NAME-explained.png, here."),
    ] = None,
    detector: DetectorName = "mtcnn",
    model: ModelFile = None,
    min_face_px: MinFacePx = 12,
    prior: PriorChoice = PriorName.TRAINED,
    even_prior: EvenPrior = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw which parts of each face carry the belief, and what is left of it from 48 px down to 8 px.

    Every face gets a band, largest first. Color shows by how many points the belief falls when a part is hidden.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ekspresi.detection.detector import make_detector as make_detector
    from ekspresi.imaging.images import load_image
    from ekspresi.media.image_writer import picture_file
    from ekspresi.pipeline.analyzer import Analyzer
    from ekspresi.recognition import explanation
    from ekspresi.recognition.recognizer import Recognizer
    from ekspresi.tables.overwrite import check_replaceable
    from ekspresi.visualization.explanation_sheet import render_explanations

    target = _target(image, out)
    check_replaceable(target, overwrite=overwrite, choice="--out")
    analyzer = Analyzer(Recognizer(model, prior=prior_of(prior, even_prior)), make_detector(detector, min_face_px))
    with picture_file(target) as write:
        rgb = load_image(image)
        faces = analyzer.analyze(rgb)
        if not faces:
            remedy = "try --min-face-px with a smaller number, or --detector none where the picture is one face crop"
            raise ImageError(f"{image}: no face found; {remedy}")
        shown = faces[:_LARGEST]
        errors = Console(stderr=True, emoji=False)
        with Progress(console=errors, transient=True, disable=len(shown) < 2 or not errors.is_terminal) as progress:
            explanations = [
                explanation.explain(analyzer.recognizer, crop)
                for crop in progress.track(analyzer.crops(rgb, shown), description="explaining")
            ]
        write(render_explanations(explanations))
    console = Console(emoji=False)
    console.print(_table(shown, explanations))
    if len(shown) < len(faces):
        console.print(f"the {len(shown)} largest of {len(faces)} faces", highlight=False)
    console.print(f"written: {printable(str(target))}", markup=False, highlight=False, soft_wrap=True)


def _target(image: Path, out: Path | None) -> Path:
    """Where the picture goes; refuses what would be no picture, or would replace the one that is explained."""
    target = Path(f"{image.stem}-explained.png") if out is None else out
    if target.suffix.lower() not in _ENDINGS:
        raise OutputError(f"{target}: a picture's name ends in .png or .jpg; choose one of them")
    if target.exists() and image.exists() and target.samefile(image):
        raise OutputError(f"{target}: is the picture to explain; choose another name")
    return target


def _table(faces: list["Face"], explanations: list["Explanation"]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ekspresi.visualization.formatting import percent
    from ekspresi.visualization.palette import COLORS

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("face", justify="right", no_wrap=True)
    table.add_column("face box", justify="right", no_wrap=True)
    table.add_column("px", justify="right", no_wrap=True)
    table.add_column("effective px", justify="right", no_wrap=True)
    table.add_column("expression", no_wrap=True)
    table.add_column("confidence", justify="right", no_wrap=True)
    for number, (face, explained) in enumerate(zip(faces, explanations, strict=True), start=1):
        belief = explained.occlusion.prediction
        x1, y1, x2, y2 = (round(edge) for edge in face.box_xyxy)
        name = f"unsure ({belief.expression})" if belief.abstained else belief.expression
        table.add_row(
            f"{number}",
            f"{x1},{y1} {x2},{y2}",
            f"{belief.face_px:.0f}",
            "" if belief.effective_px is None else f"{belief.effective_px:.0f}",
            Text(name, style="dim" if belief.abstained else f"bold {COLORS.get(belief.expression, 'default')}"),
            percent(belief.confidence),
        )
    return table
