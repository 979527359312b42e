"""Read AffectNet, the faces labelled by hand: pictures from the web, found with words for emotions.

In: a folder. Out: a ``FaceDataset`` with hard labels.

Format, one of two in circulation:

- Of 2017: ``training.csv`` and ``validation.csv``, in the folder itself or in ``Manually_Annotated_file_lists/``, with
  the columns subDirectory_filePath, face_x, face_y, face_width, face_height, facial_landmarks, expression, valence,
  arousal; and the pictures ``Manually_Annotated_Images/689/NAME.jpg``, also below ``Manually_Annotated/`` or
  ``Manually_Annotated_compressed/``. The faces are cut by their boxes.
- Of 2021: ``train_set/`` and ``val_set/``, each with ``images/ID.jpg`` (224 x 224 px, cut to the face) and
  ``annotations/ID_exp.npy``, one number; ``ID_val``, ``ID_aro`` and ``ID_lnd`` are not read. Nothing is unpickled.

Classes: neutral, happiness, sadness, surprise, fear, disgust, anger, contempt (codes 0..7 in this order). The codes 8
(none), 9 (uncertain) and 10 (no face) of 2017 are no expressions: such rows are left out and counted in one line each.

Options: ``affectnet:PATH?classes=7`` leaves out contempt, as in 'AffectNet-7'; 8 classes by default.

Counts: training 287,651 with eight classes (neutral 74,874, happiness 134,415, sadness 25,459, surprise 14,090, fear
6,378, disgust 3,803, anger 24,882, contempt 3,750), 283,901 with seven; validation 500 of each class (2021: 499 of
contempt).

Official split: training and validation. No test was published, and papers report on the validation set. So it is read
as test here; where training needs a validation set, ``make_split`` takes a tenth of training. The people are unknown.

License, source and citation: see ``INFO``.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from ekspresi.datasets.class_folders import LabelledFace, read_faces
from ekspresi.datasets.csv_files import read_columns
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import BoxedPicture, pictures_in, read_boxed, read_gray
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.reader_options import Option
from ekspresi.datasets.text_rows import first_folder_with
from ekspresi.errors import DatasetError
from ekspresi.expressions import AFFECTNET_LABELS

NO_EXPRESSIONS = ("none", "uncertain", "no face")
"""The codes 8, 9 and 10."""

CODES = {str(code): word for code, word in enumerate((*AFFECTNET_LABELS, *NO_EXPRESSIONS))}
"""Code -> expression, or one of ``NO_EXPRESSIONS``."""

LISTS = {"training.csv": "train", "validation.csv": "test"}
"""List of 2017 -> name of the split; see the head of this file."""

SETS = {"train_set": "train", "val_set": "test"}
"""Folder of 2021 -> name of the split."""

_BOX = ("face_x", "face_y", "face_width", "face_height")


def read_affectnet(path: Path, classes: int = 8) -> FaceDataset:
    """Read the csv form of 2017, or the folders of 2021, with hard labels.

    Args:
        path: the folder that holds the lists or the sets.
        classes: 8, or 7 without contempt.

    Raises:
        DatasetError: neither form, no folder of pictures, a wrong column or code, or no readable picture.

    >>> read_affectnet(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: contains neither training.csv nor train_set/. Give the folder ...
    """
    labels = AFFECTNET_LABELS[:classes]
    lists = first_folder_with(Path("training.csv"), path, path / "Manually_Annotated_file_lists")
    if lists is not None:
        return _read_lists(path, lists, labels)
    if (path / "train_set").is_dir():
        return _read_sets(path, labels)
    what = "contains neither training.csv nor train_set/"
    raise DatasetError(f"{path}: {what}. Give the folder that contains one of them, as AffectNet is unpacked.")


def _read_lists(path: Path, lists: Path, labels: tuple[str, ...]) -> FaceDataset:
    pictures = _picture_folder(path)
    faces: list[LabelledFace[BoxedPicture]] = []
    skipped: list[str] = []
    for name, split in LISTS.items():
        table = read_columns(lists / name, ("subDirectory_filePath", *_BOX, "expression"))
        left_out: Counter[str] = Counter()
        for row, (file, code) in enumerate(zip(table["subDirectory_filePath"], table["expression"], strict=True)):
            word = _word_of(code, f"{lists / name}: row {row}")
            if word not in labels:
                left_out[word] += 1
                continue
            try:
                x, y, width, height = (float(table[column][row]) for column in _BOX)
            except ValueError:
                skipped.append(f"{name} row {row}: the face box is not four numbers")
                continue
            boxed = BoxedPicture(pictures / file, (x, y, x + width, y + height))
            faces.append(LabelledFace(word, boxed, file, split))
        skipped += _lines(name, left_out)
    return read_faces("affectnet", path, labels, faces, read_boxed, skipped)


def _picture_folder(path: Path) -> Path:
    below = ("", "Manually_Annotated", "Manually_Annotated_compressed")
    places = [path / each / "Manually_Annotated_Images" for each in below]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise DatasetError(f"{path}: no folder Manually_Annotated_Images. Unpack the pictures into it.")
    return found


def _read_sets(path: Path, labels: tuple[str, ...]) -> FaceDataset:
    faces: list[LabelledFace[Path]] = []
    skipped: list[str] = []
    for name, split in SETS.items():
        for part in ("images", "annotations"):
            if not (path / name / part).is_dir():
                raise DatasetError(f"{path / name}: no folder {part}. Unpack the whole of AffectNet there.")
        left_out: Counter[str] = Counter()
        for file in pictures_in(path / name / "images"):
            annotation = path / name / "annotations" / f"{file.stem}_exp.npy"
            try:
                code = _code_in(annotation)
            except (OSError, ValueError, EOFError) as error:
                skipped.append(f"{annotation}: is not a file of one number ({str(error).splitlines()[0]})")
                continue
            word = _word_of(code, str(annotation))
            if word in labels:
                faces.append(LabelledFace(word, file, file.relative_to(path).as_posix(), split))
            else:
                left_out[word] += 1
        skipped += _lines(name, left_out)
    return read_faces("affectnet", path, labels, faces, read_gray, skipped)


def _code_in(annotation: Path) -> str:
    """Read the one code of a file, which is a string in the release and a number in some copies."""
    content = np.load(annotation, allow_pickle=False)
    if content.size != 1:
        raise ValueError(f"it holds {content.size} values")
    text = str(content.item())
    return text.removesuffix(".0")


def _word_of(code: str, where: str) -> str:
    if code not in CODES:
        raise DatasetError(
            f"{where}: '{code}' is not a code 0..{len(CODES) - 1}. Copy the file again from the release."
        )
    return CODES[code]


def _lines(name: str, left_out: Counter[str]) -> list[str]:
    return [f"{name}: {count:,} labelled '{word}' left out" for word, count in sorted(left_out.items())]


def _classes(text: str) -> int:
    return {"7": 7, "8": 8}[text]


INFO = DatasetInfo(
    name="affectnet",
    title="AffectNet (labelled by hand)",
    read=read_affectnet,
    labels=AFFECTNET_LABELS,
    faces="291,651",
    split="train 287,651, validation (read as test) 4,000",
    subjects="unknown",
    license="non-commercial research only, on request to its makers",
    source="mohammadmahoor.com/pages/databases/affectnet",
    citation="A. Mollahosseini, B. Hasani, M. H. Mahoor, AffectNet: a database for facial expression, valence, and "
    "arousal computing in the wild, IEEE Transactions on Affective Computing 10(1), 2019",
    options={"classes": Option("7 or 8", _classes)},
)
"""The description of this data set."""
