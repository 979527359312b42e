"""Read any tree of class folders: your own pictures, or a data set without its own reader.

In: a folder. Out: a ``FaceDataset``; the picture sizes may differ.

Format: ``CLASS/**/picture`` or, with an official split, ``train/CLASS/**/picture``, ``validation/`` (or
``val/``, ``valid/``) and ``test/`` likewise. A file ``subjects.csv`` beside the top folders is optional. It has the
columns file, subject and, if frames of one clip belong together, sequence; 'file' is the path from the top
folder with '/', and every picture must have its row.

Classes: the names of the class folders. A word that ekspresi knows ('happy', 'Angry', 'sedih') becomes its
name in ``expressions.EXPRESSIONS``; any other name is a new label, lower case. Alphabetical order. Two
folders of one expression ('happy', 'happiness') are one class; a folder without pictures is reported, not a class.

Counts, license, citation: those of the pictures.

Official split: the top folders train, validation, test, where they exist.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.class_folders import label_from, read_hard_labelled, split_folders
from ekspresi.datasets.csv_files import read_columns
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import folders_in
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.picture_lists import PictureFiles
from ekspresi.errors import DatasetError


def read_folder(path: Path) -> FaceDataset:
    """Read class folders: pictures with hard labels, and official splits and subjects where given.

    Raises:
        DatasetError: no class folders, fewer than two classes with pictures, no readable picture, or a
            ``subjects.csv`` that does not cover the pictures.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("happy", "sad"):
    ...         Path(folder, label).mkdir()
    ...         Image.new("L", (48, 48)).save(Path(folder, label, "a.png"))
    ...     read_folder(Path(folder)).labels
    ('happiness', 'sadness')
    """
    splits = split_folders(path)
    files = PictureFiles(path)
    split_of: list[str] = []
    empty: list[str] = []
    for split, top in splits or [("", path)]:
        for folder in folders_in(top):
            found = files.add_folder(label_from(folder.name), folder)
            split_of += [split] * found
            empty += [] if found else [f"{folder}: holds no pictures"]
    labels = tuple(sorted(set(files.labels)))
    if len(labels) < 2:
        raise DatasetError(
            f"{path}: {len(labels)} class folders with pictures. Give a folder for each class (anger/, fear/, ...)."
        )
    dataset = read_hard_labelled("folder", path, labels, files, split_of if splits else None)
    dataset = replace(dataset, skipped=(*empty, *dataset.skipped))
    table = path / "subjects.csv"
    return _with_subjects(dataset, table) if table.is_file() else dataset


def _with_subjects(dataset: FaceDataset, table: Path) -> FaceDataset:
    columns = read_columns(table, ("file", "subject"), optional=("sequence",))
    files = [file.replace("\\", "/") for file in columns["file"]]
    subjects = dict(zip(files, columns["subject"], strict=True))
    missing = [name for name in dataset.names.tolist() if not subjects.get(name)]
    if missing:
        raise DatasetError(f"{table}: no subject for '{missing[0]}' and {len(missing) - 1} more. Give each a row.")
    if len(subjects) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise DatasetError(f"{table}: '{twice}' has two rows. Keep one.")
    sequences: NDArray[np.str_] | None = None
    if "sequence" in columns:
        clips = dict(zip(files, columns["sequence"], strict=True))
        # A still picture in a set of clips is a clip of one frame.
        sequences = np.array([f"{subjects[name]}/{clips[name] or name}" for name in dataset.names.tolist()])
    return replace(dataset, subjects=np.array([subjects[name] for name in dataset.names.tolist()]), sequences=sequences)


INFO = DatasetInfo(
    name="folder",
    title="your own folders of classes",
    read=read_folder,
    labels=(),
    faces="your own",
    split="your own",
    subjects="your own",
    license="that of the pictures",
    source="your own pictures",
    citation="that of the pictures",
)
"""The description of these data sets."""
