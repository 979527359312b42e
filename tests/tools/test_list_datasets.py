"""The table of data sets: true to the readers, and to the page in the docs."""

from dataclasses import replace

import build
from ekspresi.datasets.registry import reader_names
from list_datasets import HEADINGS, read_infos, table

PAGE = build.ROOT / "docs/datasets.md"


def test_page_of_data_sets_is_up_to_date():
    shown = PAGE.read_text(encoding="utf-8").partition(build.first_marker("datasets"))[2].partition(build.END)[0]
    assert shown.strip() == table(read_infos()), "Run python docs/build.py datasets."


def test_table_has_a_row_for_each_reader():
    lines = table(read_infos()).splitlines()
    assert lines[0] == f"| {' | '.join(HEADINGS)} |"
    assert [line.split("`")[1] for line in lines[2:]] == reader_names()


def test_cells_of_the_table_are_kept_apart():
    (info, *_) = read_infos()
    line = table([replace(info, title="a|b")]).splitlines()[2]
    assert "a\\|b" in line
    assert line.replace("\\|", "").count("|") == len(HEADINGS) + 1
