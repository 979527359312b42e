"""``ekspresi study``: compare settings on a data set and show the table of the paper, with statistics.

In: flags. Out: a folder with trainings, ``study.json`` and ``study.html``; live progress. Does not know how a study is
run.
"""

import signal
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ekspresi.cli.options import Overwrite, Quiet, Verbose
from ekspresi.cli.verbosity import show_log
from ekspresi.errors import ConfigError, MissingExtraError
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from ekspresi.study.findings import Study
    from ekspresi.study.jobs import Job


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("study")(_study)


def _study(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG", help="TOML file that describes the study, as configs/study-ckplus.toml.", dir_okay=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write to this folder. Default: runs/NAME, with the name of the TOML file.",
            file_okay=False,
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Run N trainings at once; they share the CPUs.", min=1)] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run two folds of two epochs without tuning, to try a study in minutes.")
    ] = False,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare optimizers and other settings on a data set, fold by fold (needs the extra [train]).

    Writes study.json and one self-contained study.html. Run the same command again to resume an interrupted study.
    """
    show_log(verbose, quiet)
    try:
        from ekspresi.study.config import load_study
        from ekspresi.study.findings import findings
        from ekspresi.study.run import run_study
    except ImportError as error:
        raise MissingExtraError("ekspresi study", "train") from error
    if not all(find_spec(package) for package in ("torch", "lightning", "filelock")):
        raise MissingExtraError("ekspresi study", "train")  # once, not in each of a hundred processes
    study = load_study(config, quick)
    folder = out or Path("runs") / (f"{config.stem}-quick" if quick else config.stem)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler stops a study like Ctrl-C does
    with _LiveTable(folder, quiet) as table:
        outcome = run_study(study, folder, jobs, table, overwrite=overwrite)
    if outcome.study.arms:
        _print(outcome.study, findings(outcome.study), quiet)
    for path in outcome.files:
        typer.echo(printable(str(path)))
    if outcome.study.failures:
        first, reason = next(iter(outcome.study.failures.items()))
        failed = f"{len(outcome.study.failures)} parts of the study failed"
        raise ConfigError(f"{folder}: {failed}; first: {first}: {reason} Run the same command again to retry them.")


class _LiveTable:
    """Show running jobs: a live table on a terminal, else a line for each finished job."""

    def __init__(self, folder: Path, quiet: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self.folder, self.quiet = folder, quiet
        self.console = Console(stderr=True, emoji=False)
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.done: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self.wanted: dict[str, int] = {}
        self.costs: list[float] = []
        self.running: dict[str, float] = {}
        self.processes = 1

    def __enter__(self) -> "_LiveTable":
        if self.console.is_terminal and not self.quiet:
            self.live.start()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.live.stop()
        if kind is KeyboardInterrupt:
            self.console.print(f"Stopped. Repeat the same command to continue in {self.folder}.", highlight=False)

    def on_plan(self, jobs: "Sequence[Job]", processes: int) -> None:
        """Add jobs that will be run."""
        self.processes = processes
        for job in jobs:
            arm = _arm(job)
            self.wanted[arm] = self.wanted.get(arm, 0) + 1

    def on_start(self, job: "Job") -> None:
        """Note that a process began the job."""
        self.running[job.name] = time.monotonic()

    def on_end(self, job: "Job", failure: str | None, seconds: float) -> None:
        """Note that the job is done, or failed; print a failure."""
        self.running.pop(job.name, None)
        counts = self.done if failure is None else self.failed
        counts[_arm(job)] = counts.get(_arm(job), 0) + 1
        if failure is not None:
            self.console.print(f"failed: {printable(job.name)}: {printable(failure)}", style="yellow", highlight=False)
        elif seconds:
            self.costs.append(seconds)
            if not self.console.is_terminal and not self.quiet:
                self.console.print(
                    f"{self._ended()} of {sum(self.wanted.values())}: {job.name}, {seconds:.0f} s; {self._left()}",
                    highlight=False,
                )

    def on_wait(self) -> None:
        """Draw the table again, about every half second."""
        if self.console.is_terminal and not self.quiet:
            self.live.update(self._table(), refresh=True)

    def _ended(self) -> int:
        return sum(self.done.values()) + sum(self.failed.values())

    def _left(self) -> str:
        if not self.costs:
            return "time left not known yet"
        waiting = sum(self.wanted.values()) - self._ended()
        seconds = waiting * sum(self.costs) / len(self.costs) / self.processes
        return f"about {seconds / 60:.0f} min left"

    def _table(self) -> Any:
        from ekspresi.cli.table_style import new_table, titled

        table = new_table()
        for heading in ("setting", "done", "failed", "running"):
            table.add_column(heading, justify="left" if heading in ("setting", "running") else "right")
        now = time.monotonic()
        for arm, wanted in self.wanted.items():
            running = [
                f"{name.partition('/')[2]} {now - since:.0f} s"
                for name, since in self.running.items()
                if name.partition("/")[0] == arm
            ]
            failed = self.failed.get(arm, 0)
            table.add_row(
                arm, f"{self.done.get(arm, 0)} of {wanted}", str(failed) if failed else "", ", ".join(running)
            )
        return titled(f"{self._ended()} of {sum(self.wanted.values())} trainings; {self._left()}", table)


def _arm(job: "Job") -> str:
    return job.name.partition("/")[0]


def _print(study: "Study", sentences: list[str], quiet: bool) -> None:
    from rich.console import Console

    from ekspresi.cli.table_style import ShortName, new_table, titled

    console = Console(emoji=False)
    for protocol in dict.fromkeys(arm.protocol for arm in study.arms if not quiet):
        arms = study.under(protocol)
        table = new_table()
        table.add_column("setting")
        table.add_column("started from")
        for each in arms[0].image.by_size:
            table.add_column(f"{each.size_px} px", justify="right")
        for arm in arms:
            accuracies = (f"{100 * each.scores.accuracy.value:.1f}" for each in arm.image.by_size)
            table.add_row(ShortName(arm.arm), ShortName(" / ".join(arm.started_from)), *accuracies)
        console.print(titled(f"{protocol}: accuracy, %", table))
    for sentence in sentences:
        console.print(f"- {sentence}", highlight=False)
