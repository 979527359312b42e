"""Class folders on disk -> their picture files; hard labels -> a ``FaceDataset``.

In: folders named after classes. Out: files with labels, or the data set made of them. Knows the layout that
several data sets share, and none of them by name.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import folders_in, pictures_in, read_gray, read_pictures, require_some, stacked
from ekspresi.errors import DatasetError
from ekspresi.expressions import expression_from

SIDE_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
"""Name of a top folder, lower case -> side of the official split."""

HARD_VOTES = 10.0
"""Votes of a hard label: as many as FER+ has judges, so that the majority custom accepts it."""


def side_folders(path: Path) -> list[tuple[str, Path]]:
    """A folder -> (side, folder) for each top folder named after a side; empty where there are none.

    Raises:
        DatasetError: sides and other folders stand beside each other, or one side has two folders.
    """
    folders = folders_in(path)
    sides = [(SIDE_FOLDERS[f.name.lower()], f) for f in folders if f.name.lower() in SIDE_FOLDERS]
    others = [f.name for f in folders if f.name.lower() not in SIDE_FOLDERS]
    if sides and others:
        raise DatasetError(
            f"{path}: '{others[0]}' stands beside '{sides[0][1].name}'; the top folders are either classes "
            "or train, validation and test"
        )
    if len({side for side, _ in sides}) < len(sides):
        raise DatasetError(f"{path}: two folders of one side ({', '.join(f.name for _, f in sides)}); keep one")
    return sides


def required_classes(path: Path, labels: Sequence[str]) -> list[tuple[str, Path]]:
    """A folder and the K labels it must have -> (label, picture file), by label order, then name.

    Raises:
        DatasetError: a folder whose name is none of the labels, a label without a folder or without pictures.
    """
    places: dict[str, Path] = {}
    for folder in folders_in(path):
        try:
            label = expression_from(folder.name)
        except DatasetError:
            label = ""
        if label not in labels:
            raise DatasetError(f"{folder}: unknown class; expected the classes {', '.join(labels)} in {path}")
        if label in places:
            raise DatasetError(f"{path}: both '{places[label].name}' and '{folder.name}' mean {label}; keep one")
        places[label] = folder
    files = [(label, file) for label in labels if label in places for file in pictures_in(places[label])]
    missing = [label for label in labels if label not in {found for found, _ in files}]
    if missing:
        raise DatasetError(
            f"{path}: no pictures of {', '.join(missing)}; expected a folder with pictures for each of "
            f"{', '.join(labels)}"
        )
    return files


def one_hot(words: Sequence[str], labels: Sequence[str]) -> NDArray[np.float32]:
    """N labels of K -> votes float32 (N, K): ``HARD_VOTES`` for the label, none for the others."""
    columns = np.array([labels.index(word) for word in words], dtype=np.int64)
    return np.eye(len(labels), dtype=np.float32)[columns] * np.float32(HARD_VOTES)


def no_other_votes(n: int) -> NDArray[np.float32]:
    """N -> float32 (N, 0): a data set in which every answer is a label."""
    return np.zeros((n, 0), dtype=np.float32)


def read_hard_labelled(
    name: str,
    path: Path,
    labels: tuple[str, ...],
    files: Sequence[tuple[str, Path]],
    sides: Sequence[str] | None = None,
    read: Callable[[Path], NDArray[np.uint8]] = read_gray,
) -> FaceDataset:
    """N (label, picture file) and their sides -> a data set; bad pictures are skipped.

    Names are the paths below ``path``. ``read`` makes a face of a file, see ``image_files.read_pictures``.

    Raises:
        DatasetError: no picture can be read.
    """
    images, kept, skipped = read_pictures([file for _, file in files], read)
    require_some(images, path, skipped)
    return FaceDataset(
        name=name,
        path=str(path),
        labels=labels,
        images=stacked(images),
        votes=one_hot([files[position][0] for position in kept], labels),
        other_votes=no_other_votes(len(images)),
        names=np.array([files[position][1].relative_to(path).as_posix() for position in kept]),
        official=None if sides is None else np.array([sides[position] for position in kept]),
        skipped=tuple(skipped),
    )
