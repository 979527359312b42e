"""Read the data set of a spec 'name:PATH' into a ``FaceDataset``.

In: a spec. Out: faces and votes. Each data set has its own module in ``readers``, which this module finds by its file
name and imports when it is asked for. The module's docstring states format, classes, counts and official split, and its
``INFO`` all that ``DatasetInfo`` holds. So a new data set is one new file. Does not know about models or split
protocols.
"""

import importlib
import pkgutil
from dataclasses import replace
from pathlib import Path

from ekspresi.datasets import readers
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.reader_options import arguments_from
from ekspresi.errors import DatasetError


def reader_names() -> list[str]:
    """List the names of all readers, sorted: those of the modules in ``readers``, none of which is imported.

    >>> "ckplus48" in reader_names()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(readers.__path__) if not module.name.startswith("_"))


def find_info(reader: str) -> DatasetInfo | None:
    """Find the description of a reader's data set; None for a name that no reader has.

    Raises:
        ValueError: the module of that name has no ``INFO`` of the same name.

    >>> find_info("ckplus48").title, find_info("nosuch")
    ('CK+48', None)
    """
    if reader not in reader_names():
        return None
    info = getattr(importlib.import_module(f"{readers.__name__}.{reader}"), "INFO", None)
    if not isinstance(info, DatasetInfo) or info.name != reader:
        raise ValueError(f"readers/{reader}.py: has no INFO of the name '{reader}'. Give it one, see DatasetInfo.")
    return info


def family(reader: str) -> str:
    """Return the name that all readers of the same pictures share; an unknown reader is its own family.

    FER+ labels the pictures of FER2013 again; CK+48 and ckextended.csv are frames of CK+, cut to 48 x 48 px.

    >>> family("ferplus"), family("folder"), family("nosuch")
    ('fer2013', 'folder', 'nosuch')
    """
    info = find_info(reader)
    return reader if info is None else info.family


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
    known = f"Known readers: {', '.join(reader_names())}."
    if not colon or not path:
        what = f"'{spec}' is not a data set. Expected READER:PATH, for example ckplus48:data/CK+48."
        raise DatasetError(f"{what} {known}")
    info = find_info(name)
    if info is None:
        raise DatasetError(f"'{spec}': unknown reader '{name}'. {known}")
    try:
        folder, query = _split_query(path)
        if not folder.exists():
            raise DatasetError(f"{folder}: no such file or folder. Check the path in '{spec}'.")
        if query is None:
            return info.read(folder)
        return replace(info.read(folder, **arguments_from(query, info.options, name)), options=query)
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
