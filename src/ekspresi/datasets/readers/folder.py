"""Any tree of class folders: pictures of your own, or a data set without a reader of its own.

In: a folder. Out: a ``FaceDataset``; the picture sizes may differ.

Format: ``CLASS/**/picture`` or, with an official split, ``train/CLASS/**/picture``, ``validation/`` (or
``val/``, ``valid/``) and ``test/`` likewise. Beside the top folders may stand ``subjects.csv`` with the
columns file, subject and, if frames of one clip belong together, sequence; 'file' is the path from the top
folder with '/', and every picture must have its row.

Classes: the names of the class folders. A word that ekspresi knows ('happy', 'Angry', 'sedih') becomes its
name in ``expressions.EXPRESSIONS``; any other name is a label of its own, lower case. Alphabetical order. Two
folders of one expression ('happy', 'happiness') are one class; a folder without pictures is none, and is
reported.

Counts, license, citation: those of the pictures.

Official split: the top folders train, validation, test, where they exist.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.class_folders import read_hard_labelled, side_folders
from ekspresi.datasets.csv_files import read_columns
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import folders_in, pictures_in
from ekspresi.errors import DatasetError
from ekspresi.expressions import expression_from


def read_folder(path: Path) -> FaceDataset:
    """Folder of class folders -> its pictures with hard labels, and sides and subjects where given.

    Raises:
        DatasetError: no class folders, fewer than two classes with pictures, no picture that can be read, or
            a ``subjects.csv`` that does not cover the pictures.
    """
    sides = side_folders(path)
    files: list[tuple[str, Path]] = []
    side_of: list[str] = []
    empty: list[str] = []
    for side, top in sides or [("", path)]:
        for folder in folders_in(top):
            found = pictures_in(folder)
            files += [(_label(folder.name), file) for file in found]
            side_of += [side] * len(found)
            empty += [] if found else [f"{folder}: holds no pictures"]
    labels = tuple(sorted({label for label, _ in files}))
    if len(labels) < 2:
        raise DatasetError(
            f"{path}: {len(labels)} class folders with pictures; expected a folder for each class (anger/, fear/, ...)"
        )
    dataset = read_hard_labelled("folder", path, labels, files, side_of if sides else None)
    dataset = replace(dataset, skipped=(*empty, *dataset.skipped))
    table = path / "subjects.csv"
    return _with_subjects(dataset, table) if table.is_file() else dataset


def _label(folder_name: str) -> str:
    try:
        return expression_from(folder_name)
    except DatasetError:
        return folder_name.strip().lower()


def _with_subjects(dataset: FaceDataset, table: Path) -> FaceDataset:
    columns = read_columns(table, ("file", "subject"), optional=("sequence",))
    files = [file.replace("\\", "/") for file in columns["file"]]
    subjects = dict(zip(files, columns["subject"], strict=True))
    missing = [name for name in dataset.names.tolist() if not subjects.get(name)]
    if missing:
        raise DatasetError(f"{table}: no subject for '{missing[0]}' and {len(missing) - 1} more; give each a row")
    if len(subjects) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise DatasetError(f"{table}: '{twice}' has two rows; keep one")
    sequences: NDArray[np.str_] | None = None
    if "sequence" in columns:
        clips = dict(zip(files, columns["sequence"], strict=True))
        # A still picture in a set of clips is a clip of its own.
        sequences = np.array([f"{subjects[name]}/{clips[name] or name}" for name in dataset.names.tolist()])
    return replace(dataset, subjects=np.array([subjects[name] for name in dataset.names.tolist()]), sequences=sequences)
