"""Read FER+: the faces of FER2013, each labelled by ten people.

In: a folder with ``fer2013new.csv``. Out: a ``FaceDataset`` whose votes are the published distribution.

Format: ``fer2013new.csv`` (Usage, Image name, neutral, happiness, surprise, sadness, anger, disgust, fear,
contempt, unknown, NF) beside either

- ``FER2013Train/``, ``FER2013Valid/``, ``FER2013Test/`` with the pictures by name (``fer0000000.png``), as the FER+
  authors' script writes them, or
- ``fer2013.csv`` (emotion, pixels, Usage), with the rows of ``fer2013new.csv`` in the same order.

Faces are 48 x 48 px gray.

Classes: neutral, happiness, surprise, sadness, anger, disgust, fear, contempt; 'unknown' and 'NF' (not a
face) are answers but not classes (``other_votes``).

Counts: 35,887 rows. 173 have no image name (148 Training, 10 PublicTest, 15 PrivateTest; all ten votes say
NF): they are skipped, which leaves Training 28,561, PublicTest 3,579, PrivateTest 3,574. Two rows name each of four
images: fer0006953, fer0008403 and fer0011785 (Training) with the same votes in both rows, fer0033120 (PrivateTest)
once mostly neutral and once ten times NF. People labelled rows, so both rows are kept, as in all published counts.
The later row is named ``fer0033120.png#34334`` after its number, counted from 0. In the folder form both show the
same picture. De-duplication keeps the first.

Official split: Training, PublicTest, PrivateTest = train, validation, test. It leaks: Training holds byte-identical
copies of hundreds of test faces (``ekspresi data inspect``); ``splits.make_split(dataset, 'official')`` removes them.
Rules for targets: see ``FaceDataset.targets`` (arg-max) and ``FaceDataset.majority_targets``.

License, source and citation: see ``INFO``.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.csv_files import read_columns
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import read_gray, read_pictures, require_some, stacked
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.readers.fer2013 import read_pixel_rows, splits_from_usages
from ekspresi.errors import DatasetError
from ekspresi.expressions import FERPLUS_LABELS

OTHER_ANSWERS = ("unknown", "NF")
"""The two vote columns that are not classes."""

FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
"""Word in the column 'Usage' -> folder of its pictures."""


def read_ferplus(path: Path) -> FaceDataset:
    """Read the folder with ``fer2013new.csv`` and its pictures: votes float32 (N, 8), other_votes (N, 2).

    Raises:
        DatasetError: no ``fer2013new.csv``, a wrong column or value, no pictures beside it, or a
            ``fer2013.csv`` of another length.

    >>> read_ferplus(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces/fer2013new.csv: no such file...
    """
    table_file = path / "fer2013new.csv"
    answers = (*FERPLUS_LABELS, *OTHER_ANSWERS)
    table = read_columns(table_file, ("Usage", "Image name", *answers))
    splits = splits_from_usages(table["Usage"], table_file)
    try:
        votes = np.array([table[answer] for answer in answers], dtype=np.float32).T
    except ValueError as error:
        raise DatasetError(f"{table_file}: a vote is not a number ({error}). Copy the file again.") from error
    wrong = np.argwhere(~(np.isfinite(votes) & (votes >= 0)))
    if len(wrong):
        row, answer = wrong[0, 0], answers[wrong[0, 1]]
        what = f"'{table[answer][row]}' in the column {answer} is not a number of votes, 0 or more"
        raise DatasetError(f"{table_file} row {row}: {what}. Copy the file again.")

    files = table["Image name"]
    rows = [row for row, name in enumerate(files) if name]
    skipped = [f"{table_file.name} row {row}: names no image" for row, name in enumerate(files) if not name]
    if any((path / folder).is_dir() for folder in FOLDERS.values()):
        images, kept, lost = read_pictures(
            [path / FOLDERS[table["Usage"][row]] / files[row] for row in rows], read_gray
        )
        rows = [rows[position] for position in kept]
    elif (path / "fer2013.csv").is_file():
        images, rows, lost = _pixels_by_row(path / "fer2013.csv", rows, table["Usage"])
    else:
        raise DatasetError(
            f"{path}: no pictures beside fer2013new.csv. Put fer2013.csv or the folders "
            f"{', '.join(FOLDERS.values())} there."
        )
    require_some(images, path, lost)
    return FaceDataset(
        name="ferplus",
        path=str(path),
        labels=FERPLUS_LABELS,
        images=stacked(images),
        votes=np.ascontiguousarray(votes[rows, : len(FERPLUS_LABELS)]),
        other_votes=np.ascontiguousarray(votes[rows, len(FERPLUS_LABELS) :]),
        names=_unique_names(files, rows),
        official=np.array([splits[row] for row in rows]),
        skipped=(*skipped, *lost),
    )


def _unique_names(files: Sequence[str], rows: Sequence[int]) -> NDArray[np.str_]:
    seen: set[str] = set()
    names = []
    for row in rows:
        names.append(f"{files[row]}#{row}" if files[row] in seen else files[row])
        seen.add(files[row])
    return np.array(names)


def _pixels_by_row(
    path: Path, rows: Sequence[int], usages: Sequence[str]
) -> tuple[list[NDArray[np.uint8]], list[int], list[str]]:
    table = read_columns(path, ("pixels", "Usage"))
    if table["Usage"] != usages:
        raise DatasetError(
            f"{path}: its {len(table['Usage'])} rows do not line up with the {len(usages)} of fer2013new.csv. "
            "Use the original fer2013.csv, not a filtered or sorted one."
        )
    return read_pixel_rows(path, table["pixels"], rows)


INFO = DatasetInfo(
    name="ferplus",
    title="FER+",
    read=read_ferplus,
    labels=FERPLUS_LABELS,
    faces="35,714",
    split="train 28,561, validation 3,579, test 3,574",
    subjects="unknown",
    license="votes: MIT; pictures: as FER2013",
    source="github.com/microsoft/FERPlus; pictures: as FER2013",
    citation="E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang, Training deep networks for facial expression "
    "recognition with crowd-sourced label distribution, ICMI 2016; pictures: as FER2013",
    family="fer2013",
    split_leaks_pictures=True,
)
"""The description of this data set."""
