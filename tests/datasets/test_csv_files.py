import pytest

from ekspresi.datasets.csv_files import read_columns
from ekspresi.errors import DatasetError


@pytest.fixture
def table(tmp_path):
    return tmp_path / "x.csv"


def test_read_columns_strips_blanks_and_keeps_the_order(table):
    table.write_text(' b , a ,c\r\n 1 ,"2, 3",4\r\n\r\n5,6,7,8\r\n', encoding="utf-8-sig", newline="")
    assert read_columns(table, ("a", "b")) == {"a": ["2, 3", "6"], "b": ["1", "5"]}


def test_read_columns_optional_column_may_be_absent(table):
    table.write_text("a,b\n1,2\n")
    assert read_columns(table, ["a"], ["b", "c"]) == {"a": ["1"], "b": ["2"]}


def test_read_columns_header_alone_gives_no_cells(table):
    table.write_text("a,b\n")
    assert read_columns(table, ("a", "b")) == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"x\.csv: column a, b missing, found nothing\. Give it the columns a, b\.$"),
        ("b;a\n", r"x\.csv: column a, b missing, found b;a\. Give it the columns a, b\.$"),
        ("A,b\n", r"x\.csv: column a missing, found A, b\."),
        ("a,b\n1,2\n3\n", r"x\.csv: line 3 has 1 cells, the header 2\. Repair the line\.$"),
        ("a,b\n1," + "2" * 200_000, r"x\.csv: cannot be read as csv \(field larger than field limit"),
    ],
)
def test_read_columns_wrong_table_is_one_clear_line(table, text, message):
    table.write_text(text)
    with pytest.raises(DatasetError, match=message) as error:
        read_columns(table, ("a", "b"))
    assert "\n" not in str(error.value)


def test_read_columns_long_header_is_cut(table):
    table.write_text(",".join("x" * 50 for _ in range(50)))
    with pytest.raises(DatasetError, match="column a missing") as error:
        read_columns(table, ["a"])
    assert len(str(error.value)) < len(str(table)) + 300


def test_read_columns_missing_file_is_named(tmp_path):
    message = r": no such file\. Copy it from the original release into this folder\.$"
    for path in (tmp_path, tmp_path / "x.csv"):
        with pytest.raises(DatasetError, match=message):
            read_columns(path, ["a"])
