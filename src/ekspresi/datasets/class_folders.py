"""Read class folders with pictures into a ``FaceDataset`` with hard labels.

In: folders named after classes, or faces that a reader listed. Out: files with labels, or the data set of them. Does
not know about single data sets, only about the layout that several share.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset, start_fingerprint, text_column
from ekspresi.datasets.image_files import (
    folders_in,
    pictures_in,
    read_gray,
    read_pictures,
    require_some,
    stacked,
)
from ekspresi.datasets.picture_lists import FilesBelow, PictureFiles
from ekspresi.datasets.picture_source import Source
from ekspresi.errors import DatasetError
from ekspresi.expressions import expression_from

SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
"""Name of a top folder, lower case -> name of the official split."""

HARD_VOTES = 10.0
"""Votes of a hard label: as many as FER+ has judges, so that the majority rule accepts it."""


def split_folders(path: Path) -> list[tuple[str, Path]]:
    """List (split, folder) for each top folder named after a split; empty without such folders.

    Raises:
        DatasetError: folders of splits and of classes are mixed, or one split has two folders.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "val").mkdir()
    ...     [split for split, _ in split_folders(Path(folder))]
    ['validation']
    """
    folders = folders_in(path)
    splits = [(SPLIT_FOLDERS[f.name.lower()], f) for f in folders if f.name.lower() in SPLIT_FOLDERS]
    others = [f.name for f in folders if f.name.lower() not in SPLIT_FOLDERS]
    if splits and others:
        raise DatasetError(
            f"{path}: '{others[0]}' is beside '{splits[0][1].name}'. Use top folders of classes only, "
            "or of train, validation and test only."
        )
    if len({split for split, _ in splits}) < len(splits):
        raise DatasetError(f"{path}: two folders of one split ({', '.join(f.name for _, f in splits)}). Keep one.")
    return splits


def required_classes(
    path: Path, labels: Sequence[str], codes: Mapping[str, str] | None = None
) -> list[tuple[str, Path]]:
    """List (label, picture file) of a folder that must have all K labels, by label order, then name.

    Args:
        path: holds a folder for each class.
        labels: K labels.
        codes: name of a folder -> label, where the folders are named by codes; words work too.

    Raises:
        DatasetError: a folder that names no label, or a label without a folder or without pictures.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "happy").mkdir()
    ...     Path(folder, "happy", "a.png").touch()
    ...     [label for label, _ in required_classes(Path(folder), ("happiness",))]
    ['happiness']
    """
    folder_of: dict[str, Path] = {}
    for folder in folders_in(path):
        try:
            label = (codes or {}).get(folder.name) or expression_from(folder.name)
        except DatasetError:
            label = ""
        if label not in labels:
            raise DatasetError(f"{folder}: unknown class. Use only the classes {', '.join(labels)} in {path}.")
        if label in folder_of:
            raise DatasetError(f"{path}: both '{folder_of[label].name}' and '{folder.name}' mean {label}. Keep one.")
        folder_of[label] = folder
    files = [(label, file) for label in labels if label in folder_of for file in pictures_in(folder_of[label])]
    missing = [label for label in labels if label not in {found for found, _ in files}]
    if missing:
        raise DatasetError(
            f"{path}: no pictures of {', '.join(missing)}. Give a folder with pictures for each of {', '.join(labels)}."
        )
    return files


def label_from(word: str) -> str:
    """Turn a user's word for a class into a label: an expression that ekspresi knows, or the word in lower case.

    >>> label_from("Happy"), label_from("Bored ")
    ('happiness', 'bored')
    """
    try:
        return expression_from(word)
    except DatasetError:
        return word.strip().lower()


def one_hot(words: Sequence[str], labels: Sequence[str]) -> NDArray[np.float32]:
    """Turn N words of K labels into votes float32 (N, K): ``HARD_VOTES`` for the word, 0 for the others.

    >>> one_hot(["b"], ("a", "b")).tolist()
    [[0.0, 10.0]]
    """
    column_of = {label: column for column, label in enumerate(labels)}
    columns = np.fromiter((column_of[word] for word in words), dtype=np.int64, count=len(words))
    return np.eye(len(labels), dtype=np.float32)[columns] * np.float32(HARD_VOTES)


def no_other_votes(n: int) -> NDArray[np.float32]:
    """Make ``other_votes`` float32 (N, 0) for a data set in which every answer is a label.

    >>> no_other_votes(3).shape
    (3, 0)
    """
    return np.zeros((n, 0), dtype=np.float32)


def read_hard_labelled(
    name: str,
    path: Path,
    labels: tuple[str, ...],
    files: Sequence[tuple[str, Path]],
    splits: Sequence[str] | None = None,
    read: Callable[[Path], NDArray[np.uint8]] = read_gray,
) -> FaceDataset:
    """Read pictures with hard labels into a data set; skip unreadable pictures.

    Args:
        name: of the reader.
        path: of the data set; the faces are named by their paths below it.
        labels: K labels.
        files: N pairs of label and picture file; ``PictureFiles`` for millions of them.
        splits: N names of official splits; None without an official split.
        read: turns a file into a face, see ``image_files.read_pictures``.

    Raises:
        DatasetError: no picture can be read.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (48, 48)).save(Path(folder, "a.png"))
    ...     read_hard_labelled("folder", Path(folder), ("anger",), [("anger", Path(folder, "a.png"))]).images.shape
    (1, 48, 48)
    """
    listed = files if isinstance(files, PictureFiles) else PictureFiles(path, files)
    votes, names = one_hot(listed.labels, labels), text_column(listed.names)
    started = start_fingerprint(labels, names, votes)
    images, kept, skipped = read_pictures(FilesBelow(path, names), read, started)
    require_some(images, path, skipped)
    if skipped:
        votes, names = votes[kept], names[kept]
    return FaceDataset(
        name=name,
        path=str(path),
        labels=labels,
        images=stacked(images),
        votes=votes,
        other_votes=no_other_votes(len(names)),
        names=names,
        official=None if splits is None else np.array(splits)[kept],
        skipped=tuple(skipped),
    )


@dataclass(frozen=True, slots=True)
class LabelledFace(Generic[Source]):
    """Hold what a data set states of one face.

    Attributes:
        label: one of the labels of the data set.
        source: what the picture is read from: a file, or a file with a face box.
        name: of the face, unique in the data set.
        split: name of its official split; '' without one.
        subject: name of the person; '' where unknown.
        sequence: name of the clip of the frame, unique over subjects; '' where unknown.

    >>> LabelledFace("anger", Path("KA.AN1.39.tiff"), "KA.AN1.39.tiff", subject="KA").split
    ''
    """

    label: str
    source: Source
    name: str
    split: str = ""
    subject: str = ""
    sequence: str = ""


def read_faces(
    name: str,
    path: Path,
    labels: tuple[str, ...],
    faces: Sequence[LabelledFace[Source]],
    read: Callable[[Source], NDArray[np.uint8]],
    skipped: Sequence[str] = (),
) -> FaceDataset:
    """Read faces with hard labels into a data set; skip unreadable pictures.

    Splits, subjects and sequences are kept where every face names its own. Of two faces of one name the first counts,
    and the other is skipped.

    Args:
        name: of the reader.
        path: of the data set.
        labels: K labels.
        faces: N faces.
        read: turns the source of a face into its picture, see ``image_files.read_pictures``.
        skipped: a line for each file or row that the reader left out before.

    Raises:
        DatasetError: no picture can be read.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (48, 48)).save(Path(folder, "a.png"))
    ...     face = LabelledFace("anger", Path(folder, "a.png"), "a.png", subject="S1")
    ...     read_faces("folder", Path(folder), ("anger",), [face], read_gray).subjects.tolist()
    ['S1']
    """
    counts = Counter(face.name for face in faces)
    twice = [f"{word}: has {count} entries; the first is used" for word, count in counts.items() if count > 1]
    skipped = [*skipped, *twice]
    by_name: dict[str, LabelledFace[Source]] = {}
    for face in faces:
        by_name.setdefault(face.name, face)
    first = list(by_name.values())
    names, votes = [face.name for face in first], one_hot([face.label for face in first], labels)
    started = start_fingerprint(labels, text_column(names), votes)
    images, kept, lost = read_pictures([face.source for face in first], read, started)
    require_some(images, path, [*lost, *skipped])
    found = [first[position] for position in kept]
    return FaceDataset(
        name=name,
        path=str(path),
        labels=labels,
        images=stacked(images),
        votes=votes[kept],
        other_votes=no_other_votes(len(images)),
        names=text_column(names)[kept],
        official=_known([face.split for face in found]),
        subjects=_known([face.subject for face in found]),
        sequences=_known([face.sequence for face in found]),
        skipped=(*skipped, *lost),
    )


def _known(words: Sequence[str]) -> NDArray[np.str_] | None:
    return np.array(words) if all(words) else None
