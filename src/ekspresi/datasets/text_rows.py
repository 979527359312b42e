"""Read the lines of a list without a header, and find the folder that holds it.

In: a path. Out: the words of each line. Does not know about any data set.
"""

from pathlib import Path

from ekspresi.errors import DatasetError


def read_rows(path: Path, words: int) -> list[tuple[int, list[str]]]:
    r"""Read a text file of one row a line, its words separated by blanks; empty lines are left out.

    Each row comes with the number of its line, from 1.

    Args:
        path: the file.
        words: number of words that each line must have.

    Raises:
        DatasetError: the file is missing or not text, or a line has more or fewer words.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "list.txt").write_text("train_00001.jpg 5\n\n")
    ...     read_rows(Path(folder, "list.txt"), 2)
    [(1, ['train_00001.jpg', '5'])]
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file. Copy it from the release.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}). Copy the file again from its origin.") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        row = line.split()
        if row and len(row) != words:
            raise DatasetError(f"{path}: line {number} has {len(row)} words, not {words}. Repair the line.")
        rows += [(number, row)] if row else []
    return rows


def first_folder_with(file: Path, *folders: Path) -> Path | None:
    """Find the first of some folders that holds a file at a path below it; None if no one does.

    >>> first_folder_with(Path("info.py"), Path(__file__).parent) == Path(__file__).parent
    True
    """
    return next((folder for folder in folders if (folder / file).is_file()), None)
