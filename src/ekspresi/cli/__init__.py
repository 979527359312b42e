"""The command line: one file a command, each with ``register(app)``.

In: the arguments of ``ekspresi``. Out: an exit code: 0 done, though of a folder's pictures some may have been bad,
which is told; 1 who read the output has gone, or a bug, with its traceback; 2 something named or asked for could not
be used, told in a line each, and what else could be done is done; 130 stopped by the keyboard. Knows nothing of what
commands do; what they import is loaded when they run.
"""

import sys
from typing import Annotated

import typer

from ekspresi import __version__
from ekspresi.cli import data, evaluate, explain, export, finetune, predict, study, train
from ekspresi.cli.terminal import error_line, stdout_is_lost, tell
from ekspresi.errors import ConfigError, EkspresiError

app = typer.Typer(
    name="ekspresi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # 'rich' would swallow the names of extras, which stand in brackets
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ekspresi {__version__}")
        raise typer.Exit


@app.callback()
def _ekspresi(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Facial expression recognition for faces only a few pixels wide, honest about how sure it is."""


for _command in (predict, explain, data, train, evaluate, export, finetune, study):
    _command.register(app)


def main() -> None:
    """Run the command line; never returns."""
    try:
        app()
    except EkspresiError as error:
        for problem in error.problems if isinstance(error, ConfigError) else [error]:
            tell(error_line(problem))
        sys.exit(2)
    except OSError as error:
        if not stdout_is_lost():
            raise
        tell(f"error: standard output: cannot be written ({error.strerror}); send it elsewhere")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
