"""Read CAER-S: single frames of television shows, with their surroundings.

In: a folder. Out: a ``FaceDataset`` with hard labels; the sizes of the crops differ.

Format: ``train/CLASS/0001.png`` and ``test/CLASS/0001.png``, also below ``CAER-S/``, with the class folders Anger (or
Angry), Disgust, Fear, Happy, Neutral, Sad, Surprise. Whole frames of about 712 x 400 px, color. The lists of faces
that others made (``train.txt``, ``test.txt``) are not read.

Faces: the largest that the bundled detector finds is cut by ``cropping.CropConvention``. A frame may show more people,
and the release does not say whom it labels. Frames without a found face are skipped. The first reading takes an hour
or so; then the crops are cached (see ``face_crops``).

Classes: anger, disgust, fear, happiness, neutral, sadness, surprise.

Counts: about 70,000 frames: about 7,000 of each class in train, and 3,000 in test. Copies in circulation hold fewer.

Official split: train and test. The frames come from 79 TV shows, and the files name neither show nor actor. Both sides
very likely show the same actors, so the split counts as one that leaks subjects. It cannot be split by subject.

License, source and citation: see ``INFO``.
"""

from pathlib import Path

from ekspresi.datasets.class_folders import read_hard_labelled, required_classes, split_folders
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.info import DatasetInfo
from ekspresi.errors import DatasetError
from ekspresi.expressions import SEVEN_LABELS

SMALLEST_FACE_PX = 30
"""Minimum width in pixels of a face: people in a scene are smaller than in a laboratory's frame."""


def read_caers(path: Path) -> FaceDataset:
    """Read the largest face of each frame of train/CLASS and test/CLASS.

    Raises:
        DatasetError: a side, or a class of it, is missing or unknown, or no frame can be read.
        ModelError: the detector's networks are missing or damaged.

    >>> read_caers(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no such folder. Check the path of the data set.
    """
    top = path / "CAER-S" if (path / "CAER-S").is_dir() else path
    splits = split_folders(top)
    if {"train", "test"} - {split for split, _ in splits}:
        raise DatasetError(f"{path}: contains no train/ and test/ with class folders. Give the folder of CAER-S.")
    files = [(split, entry) for split, folder in splits for entry in required_classes(folder, SEVEN_LABELS)]
    return read_hard_labelled(
        "caers",
        path,
        SEVEN_LABELS,
        [entry for _, entry in files],
        [split for split, _ in files],
        FaceCropper(SMALLEST_FACE_PX),
    )


INFO = DatasetInfo(
    name="caers",
    title="CAER-S",
    read=read_caers,
    labels=SEVEN_LABELS,
    faces="about 70,000",
    split="train about 49,000, test about 21,000",
    subjects="unknown",
    license="non-commercial research only",
    source="caer-dataset.github.io",
    citation="J. Lee, S. Kim, S. Kim, J. Park, K. Sohn, Context-aware emotion recognition networks, ICCV 2019",
    split_leaks_subjects=True,
    instead="a data set whose subjects are known, such as 'ckplus48'",
)
"""The description of this data set."""
