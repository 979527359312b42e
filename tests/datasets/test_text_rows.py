from pathlib import Path

import pytest

from ekspresi.datasets.text_rows import first_folder_with, read_rows
from ekspresi.errors import DatasetError


def test_read_rows_splits_at_any_blanks(tmp_path):
    (tmp_path / "list.txt").write_text("\ufeffa.jpg  1\r\n\r\nb.jpg\t2\n", encoding="utf-8")
    assert read_rows(tmp_path / "list.txt", 2) == [(1, ["a.jpg", "1"]), (3, ["b.jpg", "2"])]


def test_read_rows_of_wrong_length_names_the_line(tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg 1\n\nb.jpg\n")
    with pytest.raises(DatasetError, match=r"list\.txt: line 3 has 1 words, not 2\. Repair the line\."):
        read_rows(tmp_path / "list.txt", 2)


def test_read_rows_of_no_text_is_refused(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_rows(tmp_path / "list.txt", 2)
    with pytest.raises(DatasetError, match="no such file"):
        read_rows(tmp_path / "other.txt", 2)


def test_first_folder_with_takes_the_first(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "list.txt").touch()
    assert first_folder_with(Path("list.txt"), tmp_path, tmp_path / "b", tmp_path / "a") == tmp_path / "b"
    assert first_folder_with(Path("other.txt"), tmp_path) is None
