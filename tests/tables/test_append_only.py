"""Files that only grow: their bytes, their digest, and the changes of other programs."""

from pathlib import Path

import pytest

from ekspresi.errors import OutputError
from ekspresi.tables.append_only import AppendOnlyFile, digest_of, new_digest


def opened(path: Path, content: bytes = b"head\n", size: int | None = None) -> AppendOnlyFile:
    path.write_bytes(content)
    kept = len(content) if size is None else size
    digest = new_digest()
    digest.update(content[:kept])
    return AppendOnlyFile(path, path, kept, digest)


def test_append_writes_lines_and_updates_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    file = opened(path)
    file.append(b"a\n")
    file.append(b"b\n")
    assert path.read_bytes() == b"head\na\nb\n" and file.size == 9
    whole = digest_of(path, 9)
    assert whole is not None and file.digest == whole.hexdigest()
    assert file.is_intact


def test_open_cuts_the_file_to_its_size(tmp_path: Path) -> None:
    file = opened(tmp_path / "x.csv", b"head\nhalf a li", size=5)
    file.append(b"a\n")
    assert (tmp_path / "x.csv").read_bytes() == b"head\na\n"


def test_append_to_a_longer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    file = opened(path)
    with path.open("ab") as other:
        other.write(b"more\n")
    for write in (lambda: file.append(b"a\n"), file.sync):
        with pytest.raises(OutputError, match="another program changed this file, so the run was stopped"):
            write()
    assert path.read_bytes() == b"head\nmore\n" and not file.is_intact


def test_sync_of_a_removed_file_is_refused(tmp_path: Path) -> None:
    file = opened(tmp_path / "x.csv")
    (tmp_path / "x.csv").unlink()
    with pytest.raises(OutputError, match=r"another program removed this file.*\. Start over with --overwrite\."):
        file.sync()
    assert not file.is_intact


def test_digest_of_a_shorter_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"abc")
    assert digest_of(tmp_path / "x.csv", 4) is None
    prefix = digest_of(tmp_path / "x.csv", 2)
    expected = new_digest()
    expected.update(b"ab")
    assert prefix is not None and prefix.hexdigest() == expected.hexdigest()
