"""``ekspresi predict``: recognize the faces of pictures, videos or a camera and show them.

In: files, folders, globs, a webcam or an address. Out: tables on the screen, and what ``--out``, ``--annotate`` and
``--page`` name. Does not know how faces are found.
"""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekspresi.cli.options import (
    DetectorName,
    DeviceChoice,
    DeviceName,
    EvenPrior,
    LabelsChoice,
    MinFacePx,
    ModelFile,
    Overwrite,
    PriorChoice,
    Quiet,
    Strict,
    Verbose,
    analyzer_config,
    require_path,
)
from ekspresi.cli.verbosity import show_log
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from rich.console import Console

    from ekspresi.workflows.options import PredictOptions, PredictResult

_LOG = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("predict")(_predict)


def _predict(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Pictures, videos, folders or quoted globs to read; - for a picture in standard input; or a single "
            "webcam (camera:0), rtsp:// or http:// address.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write a table with a row for each face: .csv, .jsonl, .parquet or .xlsx; or - for CSV on standard "
            "output.",
        ),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", parser=require_path, help="Write pictures and videos with marked faces to this folder."
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write an HTML page: faces of pictures by answer, a timeline for each track."
        ),
    ] = None,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Write one row per track and second instead of one per frame (videos only)."),
    ] = False,
    anonymize: Annotated[
        bool,
        typer.Option("--anonymize", help="Make faces unrecognizable in annotated files, and show none on the page."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run of the same command.")] = False,
    overwrite: Overwrite = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Read one frame per 0.2s, 1m or 1:30. Default: every frame (videos only)."),
    ] = None,
    start: Annotated[str, typer.Option(metavar="TIME", help="Start at this time, as 90s or 1:30 (videos only).")] = "0",
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End at this time. Default: the end of the video (videos only).")
    ] = None,
    detector: DetectorName = "mtcnn",
    model: ModelFile = None,
    min_face_px: MinFacePx = 12,
    prior: PriorChoice = "trained",
    labels: LabelsChoice = None,
    strict: Strict = False,
    even_prior: EvenPrior = False,
    device: DeviceChoice = DeviceName.AUTO,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Find the faces in pictures, videos or a camera and recognize their expressions.

    'unsure' means that a face is too small, or its prediction too uncertain, for the precision that the model was
    calibrated for. In videos, each prediction combines all frames of its track so far. Ctrl-C stops cleanly and keeps
    all results.
    """
    show_log(verbose, quiet)
    from ekspresi.system.memory import limit_malloc_arenas

    limit_malloc_arenas()  # before anything starts a thread

    from rich.console import Console

    from ekspresi.cli.durations import seconds
    from ekspresi.cli.progress import TerminalProgress
    from ekspresi.cli.progress_lines import ProgressLines
    from ekspresi.cli.signals import stopping
    from ekspresi.media.timestamps import Window
    from ekspresi.tracking.bytetrack import LONGEST_STEP_S
    from ekspresi.workflows.options import PredictOptions
    from ekspresi.workflows.predict import predict_sources

    window = Window(
        None if every is None else seconds(every, "--every"),
        seconds(start, "--start"),
        None if end is None else seconds(end, "--end"),
    )
    if window.every_s is not None and window.every_s > LONGEST_STEP_S:
        _LOG.warning(
            "--every %s is longer than %.0f s, so faces are not tracked: each detection gets its own track.",
            every,
            LONGEST_STEP_S,
        )
    if anonymize and annotate is None and page is None:
        _LOG.warning("--anonymize hides faces in --annotate and --page only. Add one of them, or remove --anonymize.")
    streamed = out == "-"
    options = PredictOptions(
        out=None if out is None or streamed else Path(out),
        annotate=annotate,
        stream=sys.stdout.buffer if streamed else None,
        page=page,
        anonymize=anonymize,
        summary=summary,
        resume=resume,
        window=window,
        overwrite=overwrite,
        estimate_prior=prior == "auto" and not even_prior,
        command=("ekspresi", *sys.argv[1:]),
    )
    config = analyzer_config(model, detector, min_face_px, prior, even_prior, device, labels, strict)
    console = Console(stderr=True, emoji=False)
    hidden = quiet or (streamed and sys.stdout.isatty())  # bars and rows would mix
    listener = TerminalProgress(console, window, hidden) if console.is_terminal else ProgressLines(window, quiet)
    with stopping() as stop, listener as progress:
        result = predict_sources(sources, config, options, progress, stop.event)
    if not (streamed and quiet):
        _print_result(result, options, console if streamed else Console(emoji=False), not (quiet or streamed))
    if result.error is not None:
        raise result.error
    if result.stopped:
        raise typer.Exit(stop.exit_code)
    if result.errors or (result.failed and result.failed == result.sources):
        raise typer.Exit(2)


def _print_result(result: "PredictResult", options: "PredictOptions", console: "Console", tables: bool) -> None:
    """Print sentences about a run, and ``tables`` of its faces and tracks."""
    from ekspresi.cli import predict_output
    from ekspresi.cli.table_style import titled
    from ekspresi.workflows.page_writer import describe_earlier, describe_unread

    def print_line(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if result.complete:
        print_line(predict_output.complete_line(options))
        return
    sentences = [*predict_output.summary_lines(result), *filter(None, [describe_earlier(result, options)])]
    sentences += describe_unread(result.unread)
    if not result.read and not (result.summary is not None and result.summary.videos):
        if result.stopped:
            sentences = ["Stopped before the first frame was finished."]
        elif not (result.done or result.resumed):
            sentences = []  # the listener printed each error
        elif not result.failed:
            sentences = ["No source remained to be read."]
        for line in sentences:
            print_line(line)
        return
    if result.rows and tables:
        names = predict_output.short_names(result.read)
        omitted = result.faces - len(result.rows) - len(result.last_rows)
        console.print(
            predict_output.picture_table(result.rows, names, console.width, last=result.last_rows, between=omitted)
        )
        if omitted:
            print_line(predict_output.omitted_line(omitted, options.out))
    videos = result.summary.videos if result.summary is not None else ()
    for video in videos:
        if video.tracks and tables:
            tracks = predict_output.track_table(video)
            console.print(titled(video.source, tracks) if len(videos) > 1 else tracks)
            hidden = len(video.tracks) + video.omitted - predict_output.SHOWN_TRACKS
            if hidden > 0:
                print_line(f"and {predict_output.counted(hidden, 'track')} with less face time")
    for line in sentences:
        print_line(line)
    for written in result.written:
        print_line(f"written: {printable(str(written))}")
    if result.stopped and (options.out or options.annotate):
        flag = "--resume instead of --overwrite" if options.overwrite else "--resume"
        print_line(f"Stopped. Repeat the same command with {flag} to continue.")
