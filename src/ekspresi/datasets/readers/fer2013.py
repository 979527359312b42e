"""Read FER2013: 35,887 faces from an image search, seven classes.

In: a folder (or the csv itself) in one of its two common forms. Out: a ``FaceDataset``.

Format: either ``fer2013.csv`` (emotion, pixels, Usage; 'emotion' is a code 0..6, 'pixels' 48 * 48 gray values
separated by blanks), or folders ``train/CLASS/*.jpg`` and ``test/CLASS/*.jpg`` as in Kaggle's re-packaged form.
Faces are 48 x 48 px gray.

Classes: anger, disgust, fear, happiness, sadness, surprise, neutral (codes 0..6 in this order); class folders
may use any word that ``expressions.expression_from`` knows ('angry', 'happy', 'sad').

Counts: csv: Training 28,709, PublicTest 3,589, PrivateTest 3,589; anger 4,953, disgust 547, fear 5,121,
happiness 8,989, sadness 6,077, surprise 4,002, neutral 6,198. Folders: train 28,709, test 7,178 (both tests
together).

Official split: Training, PublicTest, PrivateTest = train, validation, test; the folder form has no
validation.

License, source and citation: see ``INFO``.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.class_folders import no_other_votes, one_hot, read_hard_labelled, required_classes, split_folders
from ekspresi.datasets.csv_files import read_columns
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import require_some
from ekspresi.datasets.info import DatasetInfo
from ekspresi.errors import DatasetError
from ekspresi.expressions import FER2013_LABELS

SIZE_PX = 48

USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""Word in the column 'Usage' -> name of the official split."""


def read_fer2013(path: Path) -> FaceDataset:
    """Read ``fer2013.csv``, the folder that holds it, or train/CLASS and test/CLASS, with hard labels.

    Raises:
        DatasetError: neither form, a wrong column or value, a class folder missing or unknown.

    >>> read_fer2013(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no such folder. Check the path of the data set.
    """
    if path.is_file():
        return read_pixel_csv("fer2013", path, FER2013_LABELS)
    if (path / "fer2013.csv").is_file():
        return read_pixel_csv("fer2013", path / "fer2013.csv", FER2013_LABELS)
    splits = split_folders(path)
    if {"train", "test"} - {split for split, _ in splits}:
        what = "contains neither fer2013.csv nor train/ and test/ with class folders"
        raise DatasetError(f"{path}: {what}. Pass the folder that contains one of them.")
    files = [(split, entry) for split, top in splits for entry in required_classes(top, FER2013_LABELS)]
    return read_hard_labelled(
        "fer2013", path, FER2013_LABELS, [entry for _, entry in files], [split for split, _ in files]
    )


def read_pixel_csv(name: str, path: Path, labels: tuple[str, ...]) -> FaceDataset:
    r"""Read a csv with the columns emotion, pixels, Usage: faces with hard labels.

    Rows with wrong pixels are skipped. Faces are named after their rows, counted from 0: 'row00012'.

    Args:
        name: of the reader.
        path: of the csv.
        labels: K labels of the codes 0..K-1.

    Raises:
        DatasetError: no such file, a column missing, or a wrong code or word in 'emotion' or 'Usage'.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "x.csv")
    ...     _ = path.write_text("emotion,pixels,Usage\n1," + "7 " * 48 * 48 + ",PrivateTest\n")
    ...     read_pixel_csv("fer2013", path, ("anger", "fear")).names.tolist()
    ['row00000']
    """
    table = read_columns(path, ("emotion", "pixels", "Usage"))
    codes = {str(code): label for code, label in enumerate(labels)}
    wrong = next((code for code in table["emotion"] if code not in codes), None)
    if wrong is not None:
        what = f"'{wrong}' in the column emotion is not one of the codes 0..{len(codes) - 1}"
        raise DatasetError(f"{path}: {what}. Copy the file again from its origin.")
    splits = splits_from_usages(table["Usage"], path)
    images, kept, skipped = read_pixel_rows(path, table["pixels"], range(len(splits)))
    require_some(images, path, skipped)
    return FaceDataset(
        name=name,
        path=str(path),
        labels=labels,
        images=np.stack(images),
        votes=one_hot([codes[table["emotion"][row]] for row in kept], labels),
        other_votes=no_other_votes(len(kept)),
        names=np.array([f"row{row:05d}" for row in kept]),
        official=np.array([splits[row] for row in kept]),
        skipped=tuple(skipped),
    )


def splits_from_usages(usages: Sequence[str], path: Path) -> list[str]:
    """Turn N cells of the column 'Usage' into N names of official splits.

    Args:
        usages: the cells.
        path: of their file, for errors.

    Raises:
        DatasetError: a word that is not in ``USAGES``.

    >>> splits_from_usages(["PublicTest"], Path("fer2013.csv"))
    ['validation']
    """
    unknown = sorted(set(usages) - set(USAGES))
    if unknown:
        what = f"'{unknown[0]}' in the column Usage is not one of {', '.join(USAGES)}"
        raise DatasetError(f"{path}: {what}. Copy the file again from its origin.")
    return [USAGES[usage] for usage in usages]


def read_pixel_rows(
    path: Path, cells: Sequence[str], rows: Sequence[int]
) -> tuple[list[NDArray[np.uint8]], list[int], list[str]]:
    """Read some rows of the column 'pixels'.

    Returns:
        uint8 (48, 48) images, their rows, and a line for each bad row.

    >>> read_pixel_rows(Path("x.csv"), ["1 2 3"], [0])
    ([], [], ['x.csv row 0: pixels are not 48 x 48 numbers 0..255'])
    """
    images: list[NDArray[np.uint8]] = []
    kept: list[int] = []
    skipped: list[str] = []
    for row in rows:
        try:
            # bytes() refuses numbers beyond 0..255, and parses words faster than NumPy.
            pixels = np.frombuffer(bytes(map(int, cells[row].split())), dtype=np.uint8)
            images.append(pixels.reshape(SIZE_PX, SIZE_PX))
        except ValueError:
            skipped.append(f"{path.name} row {row}: pixels are not {SIZE_PX} x {SIZE_PX} numbers 0..255")
        else:
            kept.append(row)
    return images, kept, skipped


INFO = DatasetInfo(
    name="fer2013",
    title="FER2013",
    read=read_fer2013,
    labels=FER2013_LABELS,
    faces="35,887",
    split="train 28,709, validation 3,589, test 3,589",
    subjects="unknown",
    license="Kaggle's terms; pictures found by a search",
    source="kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge (csv), "
    "kaggle.com/datasets/msambare/fer2013 (folders)",
    citation="I. J. Goodfellow et al., Challenges in representation learning: a report on three machine learning "
    "contests, ICONIP 2013",
    split_leaks_pictures=True,
)
"""The description of this data set."""
