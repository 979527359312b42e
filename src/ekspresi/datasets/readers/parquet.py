"""Read a data set from Parquet: what ``ekspresi data convert`` wrote, or a table of your own.

In: a file, or a folder of ``*.parquet`` parts. Out: a ``FaceDataset``; the picture sizes may differ. Needs pyarrow, the
extra [parquet].

Format of a converted data set, a row for each face:

- image: binary, a PNG of the gray crop
- label: string, the arg-max of the votes; null without one
- votes, other_votes: lists of float32, one for each label and for each answer that is no label
- name: string, unique
- split, subject, sequence: strings, null where unknown; split is train, validation or test
- height, width: int32, pixels of the image

The metadata of the schema have the key 'ekspresi': JSON with labels, reader and options that the faces came from,
license, citation and version (``parquet_files.ParquetHeader``). Faces, labels and votes are the same as before, so the
fingerprint is too, and warnings of leaks know the reader.

Format of your own table: the columns image (the bytes of any picture file, or a struct with the field bytes) and label
(a string, or a number of the class names that Hugging Face's metadata list); name, split, subject and sequence if you
know them, for all rows or for none. Other columns are ignored. Labels are treated as the names of folders are by
``folder``.

Classes, counts, official split, license, citation: those of the faces.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.class_folders import SPLIT_FOLDERS, label_from, no_other_votes, one_hot
from ekspresi.datasets.dataset import FaceDataset, start_fingerprint, text_column
from ekspresi.datasets.image_files import EncodedPicture, read_encoded, require_some, stacked
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.lazy_images import read_blocks
from ekspresi.datasets.parquet_files import ParquetHeader
from ekspresi.datasets.parquet_pictures import ParquetPictures
from ekspresi.errors import DatasetError
from ekspresi.system.arrow import pyarrow
from ekspresi.system.storage import MAKER

_VOTES = ("votes", "other_votes")
_OPTIONAL = ("split", "subject", "sequence")


def read_parquet(path: Path) -> FaceDataset:
    """Read a Parquet file, or a folder of parts in the order of their names.

    A row whose picture cannot be read is skipped with a line; rows are counted from 0 in each file.

    Raises:
        DatasetError: no Parquet file, a missing or wrong column, parts with other labels, or no readable picture.
        MissingExtraError: pyarrow is not installed.

    >>> read_parquet(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: holds no *.parquet files. Give a Parquet file, or a folder of them.
    """
    files = [path] if path.is_file() else sorted(path.glob("[!.]*.parquet"))
    if not files:
        raise DatasetError(f"{path}: holds no *.parquet files. Give a Parquet file, or a folder of them.")
    pa = pyarrow("reading Parquet")
    header = _header(pa, files)
    columns = _columns(pa, files, header is not None)
    labels, votes, others = _votes(path, columns, header)
    names = text_column(columns["name"].to_pylist())
    splits, subjects, sequences = (_words(path, columns, name) for name in _OPTIONAL)
    if splits is not None:
        splits = _official(path, splits)
    del columns  # before the pictures are read
    source = ParquetPictures(files, _decode)
    images, kept, skipped = read_blocks(source, start_fingerprint(labels, names, votes))
    require_some(images, path, skipped)
    if skipped:
        votes, others, names = votes[kept], others[kept], names[kept]
        splits, subjects, sequences = (None if each is None else each[kept] for each in (splits, subjects, sequences))
    return FaceDataset(
        name="parquet",
        path=str(path),
        labels=labels,
        images=stacked(images),
        votes=votes,
        other_votes=others,
        names=names,
        official=splits,
        subjects=subjects,
        sequences=sequences,
        skipped=tuple(skipped),
        origin="" if header is None else header.origin,
    )


def _header(pa: Any, files: list[Path]) -> ParquetHeader | None:
    """Read the header that all files share; None for tables that ekspresi did not write."""
    headers = []
    for file in files:
        try:
            metadata = _schema(pa, file).metadata or {}
        except pa.ArrowException as error:
            raise DatasetError(f"{file}: is not a readable Parquet file. Copy it again from its origin.") from error
        text = metadata.get(MAKER.encode())
        headers.append(None if text is None else ParquetHeader.from_json(text, file))
    for file, header in zip(files, headers, strict=True):
        if header != headers[0]:
            raise DatasetError(f"{file}: is part of another data set than {files[0]}. Put it into another folder.")
    return headers[0]


def _schema(pa: Any, file: Path) -> Any:
    with file.open("rb") as stream:  # pyarrow takes names for addresses
        return pa.parquet.read_schema(stream)


def _columns(pa: Any, files: list[Path], converted: bool) -> Any:
    """Read all columns but the pictures, as one table."""
    needed = {"image", "label", "name", *_VOTES} if converted else {"image", "label"}
    tables = []
    for file in files:
        present = set(_schema(pa, file).names)
        if missing := sorted(needed - present):
            what = f"column {', '.join(missing)} missing, found {', '.join(sorted(present))[:200]}"
            raise DatasetError(f"{file}: {what}. Give it the columns {', '.join(sorted(needed))}.")
        wanted = [name for name in ("label", "name", *_VOTES, *_OPTIONAL) if name in present]
        with file.open("rb") as stream:
            table = pa.parquet.read_table(stream, columns=wanted)
        if "name" not in present:
            table = table.append_column("name", [[f"{file.name}#{row}" for row in range(len(table))]])
        tables.append(table)
    try:
        return pa.concat_tables(tables)
    except pa.ArrowException as error:
        raise DatasetError(f"{files[0].parent}: its files have different columns. Give all the same.") from error


def _decode(name: str, data: bytes) -> NDArray[np.uint8]:
    return read_encoded(EncodedPicture(name, data))


def _votes(
    path: Path, columns: Any, header: ParquetHeader | None
) -> tuple[tuple[str, ...], NDArray[np.float32], NDArray[np.float32]]:
    """Return the labels, the votes float32 (N, K), and the votes for other answers float32 (N, M)."""
    if header is not None:
        votes, others = (_matrix(path, columns, name) for name in _VOTES)
        if votes.shape[1] != len(header.labels):
            what = f"{votes.shape[1]} votes a row for {len(header.labels)} labels"
            raise DatasetError(f"{path}: {what}. Convert the data set again.")
        return header.labels, votes, others
    found = [label_from(word) for word in _label_words(path, columns)]
    labels = tuple(sorted(set(found)))
    return labels, one_hot(found, labels), no_other_votes(len(found))


def _label_words(path: Path, columns: Any) -> list[str]:
    names = _class_names(columns.schema.metadata or {})
    cells = columns["label"].to_pylist()
    words = [names.get(cell, cell) for cell in cells] if names else cells
    for row, word in enumerate(words):
        if not isinstance(word, str) or not word.strip():
            raise DatasetError(f"{path}: the column label holds {word!r} in row {row}. Give each row a word as label.")
    return words


def _class_names(metadata: dict[bytes, bytes]) -> dict[int, str]:
    """Read the names of numbered classes, as the library ``datasets`` writes them; {} without any."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"]["label"]["names"]
        return {number: str(name) for number, name in enumerate(names)}
    except (KeyError, TypeError, ValueError):
        return {}


def _matrix(path: Path, columns: Any, name: str) -> NDArray[np.float32]:
    cells = columns[name].combine_chunks()
    values = np.asarray(cells.flatten(), dtype=np.float32)
    if cells.null_count or len(values) % len(cells) or len(set(np.diff(np.asarray(cells.offsets)).tolist())) > 1:
        raise DatasetError(f"{path}: rows of the column {name} differ in length. Convert the data set again.")
    return values.reshape(len(cells), -1) if len(values) else no_other_votes(len(cells))


def _words(path: Path, columns: Any, name: str) -> NDArray[np.str_] | None:
    """Return a column of strings; None where it is absent, or null in all rows."""
    if name not in columns.column_names or columns[name].null_count == len(columns):
        return None
    words = columns[name].to_pylist()
    wrong = next((row for row, word in enumerate(words) if not isinstance(word, str) or not word), None)
    if wrong is not None:
        what = f"the column {name} holds {words[wrong]!r} in row {wrong}, not a word"
        raise DatasetError(f"{path}: {what}. Give each row a {name}, or no row.")
    return np.array(words)


def _official(path: Path, words: NDArray[np.str_]) -> NDArray[np.str_]:
    for word in np.unique(words).tolist():
        if word.lower() not in SPLIT_FOLDERS:
            raise DatasetError(f"{path}: '{word}' in the column split is no split. Use train, validation or test.")
    return np.array([SPLIT_FOLDERS[word.lower()] for word in words.tolist()])


INFO = DatasetInfo(
    name="parquet",
    title="a converted data set, or your own table",
    read=read_parquet,
    labels=(),
    faces="your own",
    split="your own",
    subjects="your own",
    license="that of the faces",
    source="ekspresi data convert, or your own table",
    citation="that of the faces",
)
"""The description of these data sets."""
