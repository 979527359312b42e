"""Run the command line: one file for each command, each with ``register(app)``.

In: the arguments of ``ekspresi``. Out: an exit code. Does not know what commands do; each loads its imports when it
runs.

    0    done; single files of a folder may have failed, with an error line each
    1    the reader of the output has closed it, or a bug, with its traceback
    2    a named source or an option could not be used, with an error line each; the rest is done
    130  stopped by Ctrl-C
    143  stopped by SIGTERM
"""

import sys
from typing import Annotated

import typer

from ekspresi import __version__
from ekspresi.cli import data, evaluate, explain, export, finetune, predict, serve, studio, study, train
from ekspresi.cli.terminal import accept_any_character, error_line, print_to_stderr, stdout_is_lost
from ekspresi.cli.usage_errors import PlainErrorsGroup
from ekspresi.errors import ConfigError, EkspresiError

app = typer.Typer(
    cls=PlainErrorsGroup,
    name="ekspresi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # 'rich' would swallow the names of extras in brackets
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ekspresi {__version__}")
        raise typer.Exit


@app.callback()
def _ekspresi(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Recognize facial expressions on faces only a few pixels wide, with calibrated confidence."""


for _command in (predict, explain, studio, data, train, evaluate, export, finetune, study, serve):
    _command.register(app)


def main() -> None:
    """Run the command line and exit; it never returns.

    Example:
        >>> from contextlib import suppress
        >>> from unittest.mock import patch
        >>> with patch("sys.argv", ["ekspresi", "--version"]), suppress(SystemExit):
        ...     main()
        ekspresi ...
    """
    accept_any_character()
    try:
        app(prog_name="ekspresi")
    except EkspresiError as error:
        for problem in error.problems if isinstance(error, ConfigError) else [error]:
            print_to_stderr(error_line(problem))
        sys.exit(2)
    except OSError as error:
        if not stdout_is_lost():
            raise
        print_to_stderr(f"error: standard output: cannot be written ({error.strerror}). Redirect it elsewhere.")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
