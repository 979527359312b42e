"""Print mistakes in a command line in the form of all other errors.

In: the exceptions of Typer's parser. Out: one line on standard error, and exit code 2. Does not know about any command.
"""

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from ekspresi.cli.terminal import error_line, print_to_stderr

_UsageError: Any = typer.BadParameter.__bases__[0]  # in click, or in typer's copy of it; Typer exports subclasses only


class PlainErrorsGroup(TyperGroup):
    """Run commands, and print a mistake in the command line as one line.

    Example:
        >>> app = typer.Typer(cls=PlainErrorsGroup)
        >>> @app.command()
        ... def wave(times: int = 1) -> None: ...
        >>> issubclass(PlainErrorsGroup, TyperGroup)
        True
    """

    def main(self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        """Run a command line and exit with its code; without ``standalone_mode``, raise its errors."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        try:
            code = super().main(args, standalone_mode=False, **extra)
        except _UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # its help is printed by now
                error.show()
            else:
                print_to_stderr(error_line(describe_usage_error(error)))
            sys.exit(error.exit_code)
        except typer.Abort:
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def describe_usage_error(error: Any) -> str:
    """Describe a mistake in a command line by its subject, its problem and a fix.

    Example:
        >>> from types import SimpleNamespace
        >>> context = SimpleNamespace(command_path="ekspresi")
        >>> describe_usage_error(SimpleNamespace(ctx=context, message="No such command 'x'."))
        "ekspresi: no such command 'x'. Run 'ekspresi --help'."

    Args:
        error: a usage error of Typer or click.
    """
    command = error.ctx.command_path if error.ctx else "ekspresi COMMAND"  # the parser of options knows no context
    subject, problem, fix = command, str(error.message), f"Run '{command} --help'"
    if getattr(error, "param", None) is not None:
        flags = [flag for flag in error.param.opts if flag.startswith("-")]
        subject = max(flags, key=len) if flags else error.param.metavar or error.param.human_readable_name
        problem = problem or "is missing"
        fix = f"Run '{command} --help' to see what it takes"
    elif getattr(error, "param_hint", None):
        subject = error.param_hint
    elif getattr(error, "option_name", None):
        subject = error.option_name
        near = getattr(error, "possibilities", None) or ()
        problem = "no such option" if hasattr(error, "possibilities") else problem
        fix = f"Use {' or '.join(sorted(near))}" if near else f"Run '{command} --help' to see all options"
    problem, _, guess = problem.partition(" Did you mean ")
    if guess:
        fix = f"Use {guess.rstrip('?')}"
    return f"{subject}: {_reword(problem)}. {fix}."


def _reword(problem: str) -> str:
    """Remove the subject and the words of the parser from a problem."""
    text = re.sub(r"^(Value error, |Option '[^']*' )", "", problem.strip())
    text = re.sub(r"^Input should be (.*?)(, unable to parse .*)?$", r"must be \1", text)
    return (text[:1].lower() + text[1:] if re.match(r"[A-Z][a-z]", text) else text).rstrip(".")
