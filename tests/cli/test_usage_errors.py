"""Check that mistakes in a command line look like all other errors."""

import re
import sys

import pytest
import typer
from typer.testing import CliRunner

from ekspresi.cli import app, main
from ekspresi.cli.usage_errors import PlainErrorsGroup

FORM = re.compile(r"error: [^:]+: [^A-Z\n][^\n]*\. [A-Z][^\n]*\.\n")


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["predict", "x.png", "--min-face-px", "abc"], "error: --min-face-px: "),
        (["predict"], "error: SOURCE...: "),
        (["predict", "x.png", "--out"], "error: --out: requires an argument. Run 'ekspresi COMMAND --help'"),
        (["predict", "x.mp4", "--every", "abc"], "error: --every: 'abc' is not a duration. "),
        (["predict", "x.mp4", "--start", "abc"], "error: --start: 'abc' is not a duration. "),
        (["predict", "x.mp4", "--end", "abc"], "error: --end: 'abc' is not a duration. "),
        (["predict", "x.png", "--verbose=3"], "error: --verbose: does not take a value. "),
        (["predict", "x.png", "--nonsense"], "error: --nonsense: no such option. Run 'ekspresi predict --help'"),
        (["predict", "x.png", "--min-face-p", "3"], "error: --min-face-p: no such option. Use --min-face-px.\n"),
        (["predcit"], "error: ekspresi: no such command 'predcit'. "),
        (["data", "inspct"], "error: ekspresi data: no such command 'inspct'. "),
        (["explain", "a.png", "b.png"], "error: ekspresi explain: got unexpected extra argument"),
        (["explain", "x.png", "--device", "tpu"], "error: --device: 'tpu' is not one of 'auto', 'cpu', 'cuda'. "),
        (["data", "inspect", "x", "--fold", "-1"], "error: --fold: "),
    ],
)
def test_main_mistake_in_a_command_line_is_one_line(
    words: list[str], start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ekspresi", *words])
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(start) and FORM.fullmatch(err), err
    assert "Input should" not in err and "Value error" not in err


def test_main_without_arguments_prints_help() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2 and "Usage:" in done.output and "error:" not in done.output


@pytest.mark.parametrize("code", [0, 3])
def test_plain_errors_group_keeps_the_exit_code(code: int) -> None:
    small = typer.Typer(cls=PlainErrorsGroup)

    @small.command()
    def end(times: int = 0) -> None:
        raise typer.Exit(code)

    @small.command()
    def other() -> None: ...

    assert CliRunner().invoke(small, ["end"]).exit_code == code
    assert CliRunner().invoke(small, ["other"]).exit_code == 0
