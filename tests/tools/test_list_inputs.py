"""The list of inputs: true to the markers of the tests, and to the page in the docs."""

import ast
from pathlib import Path

import pytest

import build
from list_inputs import InputRow, read_rows, table

PAGE = build.ROOT / "docs/inputs.md"


def write_test(folder: Path, *lines: str) -> None:
    (folder / "test_made_up.py").write_text("\n".join(["import pytest", *lines]), encoding="utf-8")


def test_page_of_inputs_is_up_to_date():
    shown = PAGE.read_text(encoding="utf-8").partition(build.first_marker("inputs"))[2].partition(build.END)[0]
    assert shown.strip() == table(read_rows()), "Run python docs/build.py inputs."


def test_tests_with_stated_words_compare_them():
    rows = {row.test for row in read_rows() if row.reported or row.refused}
    careless = []
    for path in (build.ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and f"{path.name}::{node.name}" in rows:
                rows.discard(f"{path.name}::{node.name}")
                careless += [] if "stated_words" in [each.arg for each in node.args.args] else [node.name]
    assert (careless, rows) == ([], set())


def test_read_rows_takes_decorators_and_parameters(tmp_path):
    write_test(
        tmp_path,
        '@pytest.mark.input_row("videos", "b", "Is read.", reported="words")',
        "def test_one(): ...",
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.input_row("pictures", "a", refused="no"))])',
        "def test_two(x): ...",
    )
    assert read_rows(tmp_path) == [
        InputRow("pictures", "a", refused="no", test="test_made_up.py::test_two"),
        InputRow("videos", "b", "Is read.", "words", test="test_made_up.py::test_one"),
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('"films", "a", "Is read."', "'films' is no kind of input"),
        ('"videos", "a"', "'a' must be handled or refused"),
        ('"videos", "a", "Is read.", refused="no"', "'a' must be handled or refused"),
        ('"videos", NAME, "Is read."', "cannot be read"),
        ('"videos", "a", handled="Is read."', "cannot be read"),
        ('"videos", "a", "Is read.", kind="pictures"', "cannot be read"),
    ],
)
def test_read_rows_of_a_wrong_marker_is_an_error(arguments, problem, tmp_path):
    write_test(tmp_path, f"@pytest.mark.input_row({arguments})", "def test_one(): ...")
    with pytest.raises(ValueError, match=rf"^test_made_up\.py::test_one: .*{problem}"):
        read_rows(tmp_path)


def test_read_rows_of_one_property_twice_is_an_error(tmp_path):
    write_test(tmp_path, *2 * ['@pytest.mark.input_row("videos", "a", "Is read.")', "def test_one(): ..."])
    with pytest.raises(ValueError, match="a: two rows"):
        read_rows(tmp_path)


def test_table_shows_words_of_reports_and_refusals():
    rows = [InputRow("pictures", "a", "Is read.", "words"), InputRow("pictures", "b", refused="no")]
    assert table(rows) == (
        "## Pictures\n\n| property | what ekspresi does |\n|---|---|\n| a | Is read. Reported as: *words* |\n\n"
        "These pictures are refused:\n\n| property | message |\n|---|---|\n| b | *no* |\n\n## Videos"
    )
