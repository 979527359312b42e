"""``ekspresi predict``: pictures, videos, a camera -> a table of their faces, files, annotated pictures and films.

In: files, folders, globs, a webcam or an address. Out: tables on the screen, and what ``--out``, ``--annotate`` and
``--page`` name. No logic of its own.
"""

import sys
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
from ekspresi.cli.terminal import error_line, printable, tell
from ekspresi.errors import OutputError

if TYPE_CHECKING:
    from ekspresi.workflows.options import PredictOptions, PredictResult


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("predict")(predict)


def predict(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Pictures, videos, folders, or globs in quotes; or alone: a webcam (camera:0), an rtsp:// or http:// "
            "address.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all faces to a table: .csv, .jsonl or .parquet.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures and films with the faces marked here.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one HTML page that tells what was seen, with time lines.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Of videos, write one row a track and second to the table.")
    ] = False,
    anonymize: Annotated[
        bool, typer.Option("--anonymize", help="Make faces unrecognizable in all that is drawn.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped or killed.")
    ] = False,
    overwrite: Overwrite = False,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Of videos, look at one frame in each 0.2s, 1m, 1:30 ...")
    ] = None,
    start: Annotated[str, typer.Option(metavar="TIME", help="Of videos, begin here.")] = "0",
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Of videos, end here.")] = None,
    detector: DetectorName = "mtcnn",
    model: ModelFile = None,
    min_face_px: MinFacePx = 12,
    prior: PriorChoice = PriorName.TRAINED,
    even_prior: EvenPrior = False,
) -> None:
    """Find the faces in pictures, videos or a camera and recognize their expressions.

    'unsure' means that the face is too small, or the belief too weak, to answer with the precision that the model
    was calibrated for. In videos and cameras faces are followed, and what is said of one rests on all its frames up to
    then. Ctrl-C ends a run in good order: what was seen is written.
    """
    from ekspresi.system.memory import limit_malloc_arenas

    limit_malloc_arenas()  # before anything starts a thread

    from rich.console import Console

    from ekspresi.cli.durations import seconds
    from ekspresi.cli.progress import TerminalProgress
    from ekspresi.cli.signals import stopping
    from ekspresi.media.timestamps import Window
    from ekspresi.pipeline.analyzer import AnalyzerConfig
    from ekspresi.tracking.bytetrack import LONGEST_STEP_S
    from ekspresi.workflows.options import PredictOptions
    from ekspresi.workflows.predict import run

    window = Window(None if every is None else seconds(every), seconds(start), None if end is None else seconds(end))
    if window.every_s is not None and window.every_s > LONGEST_STEP_S:
        typer.echo(
            f"note: --every {every} is too far apart to follow faces: each counts by itself, in each frame", err=True
        )
    config = AnalyzerConfig(model, detector, min_face_px, prior_of(prior, even_prior))
    wanted = PredictOptions(out, annotate, page, anonymize, summary, resume, window, overwrite)
    with stopping() as stop, TerminalProgress(Console(stderr=True, emoji=False), window) as watching:
        outcome = run(sources, config, wanted, watching, stop.event)
    if outcome.complete:
        typer.echo(f"nothing is left to do in {printable(str(out or annotate))}; leave --resume out to begin anew")
        return
    if (
        page is not None
        and outcome.recognizer is not None
        and outcome.summary is not None
        and (outcome.sources_read or not outcome.done)
    ):
        from ekspresi.cli.predict_output import before
        from ekspresi.summaries.html_report import page_provenance, write_page

        made = page_provenance(outcome.recognizer, ["ekspresi", *sys.argv[1:]])
        try:
            write_page(outcome.summary, made, page, before=before(outcome, wanted))
            outcome.written.append(page)
        except OutputError as error:
            outcome.errors.append(error)
            tell(error_line(error))
    _tell(outcome, wanted)
    if outcome.error is not None:
        raise outcome.error
    if outcome.stopped:
        raise typer.Exit(stop.exit_code)
    if outcome.errors or (outcome.failed and outcome.failed == outcome.sources):
        raise typer.Exit(2)


def _tell(outcome: "PredictResult", wanted: "PredictOptions") -> None:
    """What a run found -> the screen."""
    from rich.console import Console

    from ekspresi.cli import predict_output
    from ekspresi.media.paths import below_common_folder

    console = Console(emoji=False)
    sentences = [*predict_output.summary(outcome), *filter(None, [predict_output.before(outcome, wanted)])]
    if not outcome.read and not (outcome.summary is not None and outcome.summary.videos):
        if outcome.stopped:
            sentences = ["stopped before the first frame was done"]
        elif not (outcome.done or outcome.resumed):
            sentences = []  # each error was told
        elif not outcome.failed:
            sentences = ["nothing was left to do"]
        for line in sentences:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    if outcome.rows:
        read = list(map(Path, outcome.read))
        names = dict(zip(outcome.read, below_common_folder(read), strict=True))
        console.print(predict_output.picture_table(outcome.rows, names, console.width))
        if len(outcome.rows) < outcome.faces:
            more = outcome.faces - len(outcome.rows)
            console.print(f"and {more} more, all of them in the file", highlight=False)
    videos = outcome.summary.videos if outcome.summary is not None else ()
    for video in videos:
        if video.tracks:
            console.print(predict_output.track_table(video, headed=len(videos) > 1))
            hidden = len(video.tracks) + video.omitted - predict_output.SHOWN_TRACKS
            if hidden > 0:
                console.print(f"and {predict_output.counted(hidden, 'track')} of less time", highlight=False)
    for line in sentences:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for written in outcome.written:
        console.print(f"written: {printable(str(written))}", markup=False, highlight=False, soft_wrap=True)
    if outcome.stopped and (wanted.out or wanted.annotate):
        flag = "--resume in place of --overwrite" if wanted.overwrite else "--resume"
        console.print(f"stopped; the same command with {flag} goes on from here", highlight=False)
