"""Write the HTML report of a prediction run.

In: options and result of the run, and its model. Out: a file. Does not know what the page looks like.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.media.paths import count_suffixes
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.file_names import printable
from ekspresi.system.storage import os_errors_as_output_error
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.visualization.formatting import format_clock
from ekspresi.workflows.options import DRAWN, UNSUPPORTED, PredictOptions, PredictResult, UnreadSource

PAGE_ENDINGS = (".html", ".htm")
"""Endings of a page's name, in lower case; upper case is accepted too."""

LISTED_FAILURES = 50
"""Sources with an error whose reason a page shows."""

_NAMED = 5
"""Sources of each kind that a sentence names."""


def check_page_target(page: Path, *, overwrite: bool = False) -> None:
    """Check before hours of work that a page can be written and may replace what is there.

    Args:
        page: the file to write.
        overwrite: replace also a file that ekspresi did not write.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        OutputError: the name has another ending, is a folder, or the file cannot be written or replaced.

    Example:
        >>> check_page_target(Path("report.pdf"))
        Traceback (most recent call last):
        ekspresi.errors.OutputError: report.pdf: is not the name of a page. Let it end in .html or .htm.
    """
    if find_spec("jinja2") is None:
        raise MissingExtraError("an HTML report", "video")
    if page.is_dir():
        raise OutputError(f"{page}: is a folder. Give --page a file name.")
    if page.suffix.lower() not in PAGE_ENDINGS:
        raise OutputError(f"{page}: is not the name of a page. Let it end in {' or '.join(PAGE_ENDINGS)}.")
    check_replaceable(page, overwrite=overwrite, choice="--page")
    with os_errors_as_output_error(page, page.parent):
        trial = page.with_name(f".{page.name}.part")
        trial.touch()
        trial.unlink()


def write_run_page(
    result: PredictResult, options: PredictOptions, recognizer: Recognizer, sources: Sequence[str]
) -> None:
    """Write the page that ``options.page`` names, if the run has something to report.

    Args:
        result: the run; ``written`` gets the page.
        options: the page, and the command that it shows.
        recognizer: the model of the run.
        sources: the sources as they were given, for the command.

    Raises:
        OutputError: the page cannot be written.

    Example:
        >>> import tempfile
        >>> from ekspresi.summaries.builder import SummaryBuilder
        >>> result = PredictResult(sources=1, sources_read=1, summary=SummaryBuilder(anonymize=False).build())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_run_page(result, PredictOptions(page=Path(folder, "x.html")), Recognizer(), ["a.jpg"])
        >>> [page.name for page in result.written]
        ['x.html']
    """
    from ekspresi.summaries.html_report import make_page_provenance, write_page

    if options.page is None or result.summary is None or (result.done and not result.sources_read):
        return
    command = options.command or ("ekspresi", "predict", *sources)
    provenance = make_page_provenance(recognizer, command, _describe_prior(result, options, recognizer))
    earlier = describe_earlier(result, options)
    notes = [f"This page covers only the rest of a run: {earlier}"] if earlier else []
    notes += describe_unread(result.unread)
    failed = [each for each in result.unread if each.reason not in (UNSUPPORTED, DRAWN)] + result.partial
    notes += [printable(f"{each.source}: {each.reason}") for each in failed[:LISTED_FAILURES]]
    write_page(result.summary, provenance, options.page, notes=notes)
    result.written.append(options.page)


def _describe_prior(result: PredictResult, options: PredictOptions, recognizer: Recognizer) -> str:
    """Describe the class prior of a run in words."""
    if result.prior is not None:
        return f"auto, estimated from {result.prior.faces:,} faces: {result.prior.describe()}"
    if isinstance(recognizer.prior, str):
        return recognizer.prior + (", because there were too few faces for auto" if options.estimate_prior else "")
    return ", ".join(f"{label} {100 * share:.1f} %" for label, share in recognizer.prior)


def describe_earlier(result: PredictResult, options: PredictOptions) -> str:
    """Describe in a sentence what an earlier run finished; '' if there was none.

    Example:
        >>> describe_earlier(PredictResult(sources=5, done=3), PredictOptions(out=Path("rows.csv")))
        '3 sources were finished by an earlier run; their rows are in rows.csv.'
    """
    parts = [f"{result.done:,} source{'' if result.done == 1 else 's'}"] if result.done else []
    parts += [f"{Path(place.source).name} up to {format_clock(place.time_s or 0)}" for place in result.resumed]
    if not parts:
        return ""
    verb, whose = ("was", "its") if result.done + len(result.resumed) == 1 else ("were", "their")
    kind, where = ("rows", options.out) if options.out else ("pictures", options.annotate)
    sentence = f"{' and '.join(parts)} {verb} finished by an earlier run; {whose} {kind} are in {where}."
    return printable(sentence)


def describe_unread(unread: Sequence[UnreadSource]) -> list[str]:
    """Describe the files and folders that were not read: for each kind of reason a sentence with the first names.

    Example:
        >>> describe_unread([UnreadSource("a.jxl", UNSUPPORTED), UnreadSource("b.png", DRAWN)])[1]
        'Not read: 1 file that ekspresi drew: b.png.'
    """
    unsupported = [each.source for each in unread if each.reason == UNSUPPORTED]
    drawn = [each.source for each in unread if each.reason == DRAWN]
    failed = [each.source for each in unread if each.reason not in (UNSUPPORTED, DRAWN)]
    kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in count_suffixes(unsupported))
    groups = (
        (unsupported, "file", f" of kinds that ekspresi cannot read ({kinds})", " Convert them to JPEG, PNG or MP4."),
        (drawn, "file", " that ekspresi drew", ""),
        (failed, "source", " with an error", ""),
    )
    return [
        printable(f"Not read: {len(names):,} {noun}{'' if len(names) == 1 else 's'}{what}: {_first(names)}.{remedy}")
        for names, noun, what, remedy in groups
        if names
    ]


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
