"""Read RAF-DB, the basic expressions: faces from an image search, each labelled by about forty people.

In: a folder. Out: a ``FaceDataset`` with hard labels.

Format, one of two in circulation:

- As released (``basic/``): ``EmoLabel/list_patition_label.txt``, a line 'train_00001.jpg 5' for each picture, spelled
  so by its makers, beside ``Image/aligned/train_00001_aligned.jpg`` (100 x 100 px, color). Where there is no
  ``Image/aligned``, the faces are cut from ``Image/original/train_00001.jpg`` by the box in
  ``Annotation/boundingbox/train_00001_boundingbox.txt`` (x1 y1 x2 y2). The path may be ``basic/`` or the folder above.
- Folders, as passed on at Kaggle: ``train/1/*.jpg`` to ``train/7/`` and ``test/`` likewise, also below ``DATASET/``;
  the pictures are the aligned ones. The csv files beside them say the same and are not read.

Classes: surprise, fear, disgust, happiness, sadness, anger, neutral (codes 1..7 in this order).

Counts: 15,339 faces; train 12,271: surprise 1,290, fear 281, disgust 717, happiness 4,772, sadness 1,982, anger 705,
neutral 2,524; test 3,068: 329, 74, 160, 1,185, 478, 162, 680.

Official split: train and test. Nobody knows the people, so the same person may be on both sides. The eleven compound
expressions of the release (``compound/``) and the votes of its annotators are not read.

License, source and citation: see ``INFO``.
"""

from pathlib import Path

from ekspresi.datasets.class_folders import (
    LabelledFace,
    read_faces,
    read_hard_labelled,
    required_classes,
    split_folders,
)
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import BoxedPicture, read_boxed, read_gray
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.text_rows import first_folder_with, read_rows
from ekspresi.errors import DatasetError, ImageError
from ekspresi.expressions import RAFDB_LABELS

LIST = Path("EmoLabel", "list_patition_label.txt")
"""The list of the release, below ``basic/``."""

CODES = {str(code): label for code, label in enumerate(RAFDB_LABELS, start=1)}
"""Code in the list, and name of a class folder -> expression."""


def read_rafdb(path: Path) -> FaceDataset:
    """Read the release of RAF-DB, or its folders train/1..7 and test/1..7, with hard labels.

    Raises:
        DatasetError: neither form, no folder of pictures, a wrong line in the list, a class folder missing or unknown,
            or no readable picture.

    >>> read_rafdb(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no such folder. Check the path of the data set.
    """
    basic = first_folder_with(LIST, path, path / "basic")
    if basic is not None:
        return _read_release(path, basic)
    top = next((folder for folder in (path, path / "DATASET") if (folder / "train").is_dir()), path)
    splits = split_folders(top)
    if {"train", "test"} - {split for split, _ in splits}:
        what = f"contains neither {LIST.as_posix()} nor train/ and test/ with the folders 1 to 7"
        raise DatasetError(f"{path}: {what}. Pass the folder that contains one of them.")
    files = [(split, entry) for split, folder in splits for entry in required_classes(folder, RAFDB_LABELS, CODES)]
    return read_hard_labelled("rafdb", path, RAFDB_LABELS, [entry for _, entry in files], [split for split, _ in files])


def _read_release(path: Path, basic: Path) -> FaceDataset:
    aligned, original = basic / "Image" / "aligned", basic / "Image" / "original"
    rows = []
    for number, (name, code) in read_rows(basic / LIST, 2):
        split = name.partition("_")[0]
        if split not in ("train", "test") or code not in CODES:
            what = f"line {number}, '{name} {code}', is not a train or test picture with a code 1..7"
            raise DatasetError(f"{basic / LIST}: {what}. Copy the file again from the release.")
        rows.append((name, CODES[code], split))
    if aligned.is_dir():
        found = [
            LabelledFace(label, aligned / f"{Path(name).stem}_aligned.jpg", name, split) for name, label, split in rows
        ]
        return read_faces("rafdb", path, RAFDB_LABELS, found, read_gray)
    if not original.is_dir():
        raise DatasetError(f"{basic}: no folder Image/aligned or Image/original. Unpack one of them there.")
    whole = [LabelledFace(label, original / name, name, split) for name, label, split in rows]
    return read_faces("rafdb", path, RAFDB_LABELS, whole, lambda file: read_boxed(_boxed(file)))


def _boxed(file: Path) -> BoxedPicture:
    """Find the box of an original picture; ImageError where it is missing or is not four numbers."""
    box = file.parents[2] / "Annotation" / "boundingbox" / f"{file.stem}_boundingbox.txt"
    try:
        x1, y1, x2, y2 = map(float, box.read_text(encoding="ascii").split())
    except (OSError, ValueError) as error:
        raise ImageError(f"{box}: is not a file of four numbers. Copy Annotation from the release.") from error
    return BoxedPicture(file, (x1, y1, x2, y2))


INFO = DatasetInfo(
    name="rafdb",
    title="RAF-DB (basic)",
    read=read_rafdb,
    labels=RAFDB_LABELS,
    faces="15,339",
    split="train 12,271, test 3,068",
    subjects="unknown",
    license="non-commercial research only, on request to its makers",
    source="whdeng.cn/raf/model1.html",
    citation="S. Li, W. Deng, J. Du, Reliable crowdsourcing and deep locality-preserving learning for expression "
    "recognition in the wild, CVPR 2017",
)
"""The description of this data set."""
