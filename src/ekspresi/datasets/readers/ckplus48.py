"""Read CK+48: the extended Cohn-Kanade faces as widely passed on.

In: a folder. Out: a ``FaceDataset`` with subjects and sequences.

Format: ``CLASS/SUBJECT_SEQUENCE_FRAME.png`` (``anger/S010_004_00000017.png``), 48 x 48 px gray.

Classes: anger, contempt, disgust, fear, happiness, sadness, surprise (the folder is named 'happy'); no
neutral.

Counts: 981 images, the last three frames of each of 327 labelled sequences of 118 subjects; anger 135,
contempt 54, disgust 177, fear 75, happiness 207, sadness 84, surprise 249.

Official split: none. Three frames of a sequence are nearly one picture, so a split of images puts the same face into
several splits: split by subject.

License, source and citation: see ``INFO``.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ekspresi.datasets.class_folders import read_hard_labelled, required_classes
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.info import DatasetInfo
from ekspresi.errors import DatasetError
from ekspresi.expressions import CKPLUS_LABELS

TERMS = "research only, by agreement with its makers"
"""The terms of CK+, in all its forms."""

CITATION = (
    "P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, The Extended Cohn-Kanade Dataset (CK+): "
    "a complete dataset for action unit and emotion-specified expression, CVPR Workshops 2010"
)
"""The paper of CK+."""

_NAME = re.compile(r"(?P<subject>S\d+)_(?P<sequence>\d+)_(?P<frame>\d+)", re.IGNORECASE)


def read_ckplus48(path: Path) -> FaceDataset:
    """Read the seven class folders of CK+48; subjects 'S010', sequences 'S010_004'.

    A picture with another name than SUBJECT_SEQUENCE_FRAME is skipped: without its subject it could leak.

    Raises:
        DatasetError: a class folder missing or unknown, or no picture with such a name.

    >>> read_ckplus48(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no such folder. Check the path of the data set.
    """
    named: list[tuple[str, Path]] = []
    nameless: list[str] = []
    for label, file in required_classes(path, CKPLUS_LABELS):
        if _NAME.fullmatch(file.stem):
            named.append((label, file))
        else:
            nameless.append(f"{file}: name is not SUBJECT_SEQUENCE_FRAME")
    if not named:
        raise DatasetError(
            f"{path}: no picture is named SUBJECT_SEQUENCE_FRAME.png. Read other faces with folder:{path}."
        )
    dataset = with_subjects(read_hard_labelled("ckplus48", path, CKPLUS_LABELS, named))
    return replace(dataset, skipped=(*nameless, *dataset.skipped))


def with_subjects(dataset: FaceDataset) -> FaceDataset:
    """Add subjects 'S010' and sequences 'S010_004' from names SUBJECT_SEQUENCE_FRAME.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["anger/S010_004_00000017", "fear/s011_001_00000002"])
    >>> with_subjects(FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names)).subjects.tolist()
    ['S010', 'S011']
    """
    parts = [name.rpartition("/")[2].upper().split("_") for name in dataset.names.tolist()]
    return replace(
        dataset,
        subjects=np.array([part[0] for part in parts]),
        sequences=np.array([f"{part[0]}_{part[1]}" for part in parts]),
    )


INFO = DatasetInfo(
    name="ckplus48",
    title="CK+48",
    read=read_ckplus48,
    labels=CKPLUS_LABELS,
    faces="981",
    split="none",
    subjects="118",
    license=TERMS,
    source="passed on as CK+48; its original: jeffcohn.net/resources",
    citation=CITATION,
)
"""The description of this data set."""
