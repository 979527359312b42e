"""Data sets as they lie on disk -> ``FaceDataset``: a spec 'name:PATH' in, faces and votes out.

One file a data set; its docstring states format, classes, counts, official split, license and citation. Knows
no model and no split protocol. A new data set is a new file with one function ``Path -> FaceDataset`` and one
line in ``READERS``; where the function takes more than the path, a spec may say what ('name:PATH?frames=3') once
``OPTIONS`` declares it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.reader_options import Option, arguments_from
from ekspresi.datasets.readers.ckextended import read_ckextended
from ekspresi.datasets.readers.ckplus import CKPLUS_OPTIONS, read_ckplus
from ekspresi.datasets.readers.ckplus48 import read_ckplus48
from ekspresi.datasets.readers.fer2013 import read_fer2013
from ekspresi.datasets.readers.ferplus import read_ferplus
from ekspresi.datasets.readers.folder import read_folder
from ekspresi.errors import DatasetError

__all__ = ["OPTIONS", "READERS", "SPLIT_LEAKS_SUBJECTS", "family", "read"]

READERS: dict[str, Callable[..., FaceDataset]] = {
    "ckextended": read_ckextended,
    "ckplus": read_ckplus,
    "ckplus48": read_ckplus48,
    "fer2013": read_fer2013,
    "ferplus": read_ferplus,
    "folder": read_folder,
}
"""Reader name, the first half of a spec -> the function that reads its folder or file."""

OPTIONS: dict[str, Mapping[str, Option]] = {"ckplus": CKPLUS_OPTIONS}
"""Reader name -> the options it takes, named as its keyword arguments; a reader that is not here takes none."""

SPLIT_LEAKS_SUBJECTS = ("ckextended",)
"""Readers whose official split was drawn image by image, so that people and sequences stand on several sides."""

_FAMILIES = {"ferplus": "fer2013", "ckplus": "ckplus48", "ckextended": "ckplus48"}


def family(reader: str) -> str:
    """Reader name -> the name that all readers of the same pictures share.

    FER+ judges the pictures of FER2013 anew; CK+48 and ckextended.csv are frames of CK+, cut to 48 x 48 px.
    """
    return _FAMILIES.get(reader, reader)


def read(spec: str) -> FaceDataset:
    """A spec 'name:PATH' ('ckplus48:data/CK+48') -> the data set; ``~`` in the path is the home folder.

    Behind a '?' may follow options of the reader: 'ckplus:data/CK+?frames=1&neutral=yes'. A path that holds a '?'
    itself is taken as it is where it exists; else the last '?' begins the options.

    Raises:
        DatasetError: no such reader, nothing at the path, something that cannot be read, not the layout that the
            reader's docstring states, or options that the reader does not take.
    """
    name, colon, path = spec.partition(":")
    if not colon or not path or name not in READERS:
        what = f"'{spec}' is no spec of the form name:PATH" if not colon or not path else f"unknown reader '{name}'"
        raise DatasetError(f"{what}; known readers are {', '.join(READERS)}, as in ckplus48:data/CK+48")
    try:
        folder, query = _located(path)
        if not folder.exists():
            raise DatasetError(f"{folder}: no such file or folder; check the path in '{spec}'")
        if query is None:
            return READERS[name](folder)
        return replace(READERS[name](folder, **arguments_from(query, OPTIONS.get(name, {}), name)), options=query)
    except OSError as error:
        where, reason = error.filename or path, error.strerror or error
        raise DatasetError(f"{where}: cannot be read ({reason}); check the path and its permissions") from error


def _located(path: str) -> tuple[Path, str | None]:
    """The second half of a spec -> the path, and what follows the '?' if that is no part of a name."""
    try:
        whole = Path(path).expanduser()
        before, _, query = path.rpartition("?")
        if not before or whole.exists():
            return whole, None
        return Path(before).expanduser(), query
    except RuntimeError as error:  # ~somebody, who is nobody here
        raise DatasetError(f"{path}: no such home folder; write the path in full") from error
