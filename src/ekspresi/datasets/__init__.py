"""Data sets as they lie on disk -> ``FaceDataset``: a spec 'name:PATH' in, faces and votes out.

One file a data set; its docstring states format, classes, counts, official split, licence and citation. Knows
no model and no split protocol. A new data set is a new file with one function ``Path -> FaceDataset`` and one
line in ``READERS``.
"""

from collections.abc import Callable
from pathlib import Path

from ekspresi.datasets.ckplus48 import read_ckplus48
from ekspresi.datasets.dataset import SPLITS, FaceDataset
from ekspresi.datasets.fer2013 import read_fer2013
from ekspresi.datasets.ferplus import read_ferplus
from ekspresi.datasets.folder import read_folder
from ekspresi.errors import DatasetError

__all__ = ["READERS", "SPLITS", "FaceDataset", "family", "read"]

READERS: dict[str, Callable[[Path], FaceDataset]] = {
    "ckplus48": read_ckplus48,
    "fer2013": read_fer2013,
    "ferplus": read_ferplus,
    "folder": read_folder,
}
"""Reader name, the first half of a spec -> the function that reads its folder or file."""

_FAMILIES = {"ferplus": "fer2013"}


def family(reader: str) -> str:
    """Reader name -> the name that all readers of the same pictures share: FER+ judges those of FER2013 anew."""
    return _FAMILIES.get(reader, reader)


def read(spec: str) -> FaceDataset:
    """A spec 'name:PATH' ('ckplus48:data/CK+48') -> the data set; ``~`` in the path is the home folder.

    Raises:
        DatasetError: no such reader, nothing at the path, something that cannot be read, or not the layout
            that the reader's docstring states.
    """
    name, colon, path = spec.partition(":")
    if not colon or not path or name not in READERS:
        what = f"'{spec}' is no spec of the form name:PATH" if not colon or not path else f"unknown reader '{name}'"
        raise DatasetError(f"{what}; known readers are {', '.join(READERS)}, as in ckplus48:data/CK+48")
    try:
        folder = Path(path).expanduser()
    except RuntimeError as error:  # ~somebody, who is nobody here
        raise DatasetError(f"{path}: no such home folder; write the path in full") from error
    try:
        if not folder.exists():
            raise DatasetError(f"{folder}: no such file or folder; check the path in '{spec}'")
        return READERS[name](folder)
    except OSError as error:
        where, reason = error.filename or path, error.strerror or error
        raise DatasetError(f"{where}: cannot be read ({reason}); check the path and its permissions") from error
