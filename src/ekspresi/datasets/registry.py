"""Read the data set of a spec 'name:PATH' into a ``FaceDataset``.

In: a spec. Out: faces and votes. Each data set has its own module, whose docstring states format, classes, counts,
official split, license and citation. Does not know about models or split protocols. To add a data set, write a module
with one function ``Path -> FaceDataset`` and one ``DatasetInfo``, and add them to ``READERS`` and ``INFOS``. Where the
function takes more than the path, declare its options in ``OPTIONS``; a spec gives them as 'name:PATH?frames=3'.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ekspresi.datasets.dataset import DatasetInfo, FaceDataset
from ekspresi.datasets.reader_options import Option, arguments_from
from ekspresi.datasets.readers.ckextended import CKEXTENDED_INFO, read_ckextended
from ekspresi.datasets.readers.ckplus import CKPLUS_INFO, CKPLUS_OPTIONS, read_ckplus
from ekspresi.datasets.readers.ckplus48 import CKPLUS48_INFO, read_ckplus48
from ekspresi.datasets.readers.fer2013 import FER2013_INFO, read_fer2013
from ekspresi.datasets.readers.ferplus import FERPLUS_INFO, read_ferplus
from ekspresi.datasets.readers.folder import FOLDER_INFO, read_folder
from ekspresi.errors import DatasetError

__all__ = ["INFOS", "OPTIONS", "READERS", "family", "read"]

READERS: dict[str, Callable[..., FaceDataset]] = {
    "ckextended": read_ckextended,
    "ckplus": read_ckplus,
    "ckplus48": read_ckplus48,
    "fer2013": read_fer2013,
    "ferplus": read_ferplus,
    "folder": read_folder,
}
"""Reader name, the first half of a spec -> the function that reads its folder or file."""

INFOS: dict[str, DatasetInfo] = {
    info.name: info for info in (CKEXTENDED_INFO, CKPLUS_INFO, CKPLUS48_INFO, FER2013_INFO, FERPLUS_INFO, FOLDER_INFO)
}
"""Reader name -> the description of its data set."""

OPTIONS: dict[str, Mapping[str, Option]] = {"ckplus": CKPLUS_OPTIONS}
"""Reader name -> its options, named as its keyword arguments; other readers take none."""

_FAMILIES = {"ferplus": "fer2013", "ckplus": "ckplus48", "ckextended": "ckplus48"}


def family(reader: str) -> str:
    """Return the name that all readers of the same pictures share.

    FER+ labels the pictures of FER2013 again; CK+48 and ckextended.csv are frames of CK+, cut to 48 x 48 px.

    >>> family("ferplus"), family("folder")
    ('fer2013', 'folder')
    """
    return _FAMILIES.get(reader, reader)


def read(spec: str) -> FaceDataset:
    """Read the data set of a spec 'name:PATH'; ``~`` in the path is the home folder.

    Options of the reader may follow a '?': 'ckplus:data/CK+?frames=1&neutral=yes'. If the whole path exists, a '?' in
    it belongs to the path; else the last '?' begins the options.

    Raises:
        DatasetError: no such reader, no such path, unreadable files, another layout than the reader's docstring
            states, or options that the reader does not take.

    >>> read("ckplus48")
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: 'ckplus48' is not a data set. Expected READER:PATH, for example ckplus48:data/CK+48...
    """
    name, colon, path = spec.partition(":")
    readers = f"Known readers: {', '.join(READERS)}."
    if not colon or not path:
        what = f"'{spec}' is not a data set. Expected READER:PATH, for example ckplus48:data/CK+48."
        raise DatasetError(f"{what} {readers}")
    if name not in READERS:
        raise DatasetError(f"'{spec}': unknown reader '{name}'. {readers}")
    try:
        folder, query = _split_query(path)
        if not folder.exists():
            raise DatasetError(f"{folder}: no such file or folder. Check the path in '{spec}'.")
        if query is None:
            return READERS[name](folder)
        return replace(READERS[name](folder, **arguments_from(query, OPTIONS.get(name, {}), name)), options=query)
    except OSError as error:
        where, reason = error.filename or path, error.strerror or error
        raise DatasetError(f"{where}: cannot be read ({reason}). Check the path and its permissions.") from error


def _split_query(path: str) -> tuple[Path, str | None]:
    """Split the second half of a spec into the path and the query after the '?', None without one."""
    try:
        whole = Path(path).expanduser()
        before, _, query = path.rpartition("?")
        if not before or whole.exists():
            return whole, None
        return Path(before).expanduser(), query
    except RuntimeError as error:  # ~name of an unknown user
        raise DatasetError(f"{path}: no such home folder. Write the path in full.") from error
