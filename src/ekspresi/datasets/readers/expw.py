"""Read ExpW, Expression in-the-Wild: faces from an image search, each with a box and a label.

In: a folder. Out: a ``FaceDataset`` with hard labels; the sizes of the crops differ.

Format: ``label/label.lst`` (or ``label.lst``), a line for each face, separated by blanks: name of the picture, number
of the face in it, top, left, right and bottom of its box in pixels, confidence of the detector, code of the
expression; and the pictures in ``image/origin/`` (or ``origin/``, ``image/``).

Faces: cut by their boxes. A picture may hold several; a face is named ``angry_actor_13.jpg#2`` after its number.

Classes: anger, disgust, fear, happiness, sadness, surprise, neutral (codes 0..6 in this order, that of FER2013).

Counts: 91,793 faces.

Official split: none. The people are unknown.

License, source and citation: see ``INFO``.
"""

from pathlib import Path

from ekspresi.datasets.class_folders import LabelledFace, read_faces
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import BoxedPicture, read_boxed
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.text_rows import first_folder_with, read_rows
from ekspresi.errors import DatasetError
from ekspresi.expressions import FER2013_LABELS

CODES = {str(code): label for code, label in enumerate(FER2013_LABELS)}
"""Code in the list -> expression."""

_LIST = "label.lst"
_PLACES = ("image/origin", "origin", "image")


def read_expw(path: Path) -> FaceDataset:
    """Read the faces of ``label.lst``, each cut from its picture by its box.

    A picture that is missing or unreadable is skipped with a line, and so is a second row of one face.

    Raises:
        DatasetError: no list or no folder of pictures, a wrong line, or no readable picture.

    >>> read_expw(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no label/label.lst. Give the folder that holds label/ and image/.
    """
    lists = first_folder_with(Path(_LIST), path / "label", path)
    if lists is None:
        raise DatasetError(f"{path}: no label/{_LIST}. Give the folder that holds label/ and image/.")
    pictures = next((path / place for place in _PLACES if (path / place).is_dir()), None)
    if pictures is None:
        raise DatasetError(f"{path}: no folder {_PLACES[0]}. Unpack the pictures into it.")
    faces: list[LabelledFace[BoxedPicture]] = []
    for number, (file, face, *edges, _, code) in read_rows(lists / _LIST, 8):
        try:
            top, left, right, bottom = map(float, edges)
            label = CODES[code]
        except (ValueError, KeyError):
            what = f"line {number} has no box of four numbers and code 0..{len(CODES) - 1}"
            raise DatasetError(f"{lists / _LIST}: {what}. Copy the file again from the release.") from None
        boxed = BoxedPicture(pictures / file, (left, top, right, bottom))
        faces.append(LabelledFace(label, boxed, f"{file}#{face}"))
    return read_faces("expw", path, FER2013_LABELS, faces, read_boxed)


INFO = DatasetInfo(
    name="expw",
    title="ExpW",
    read=read_expw,
    labels=FER2013_LABELS,
    faces="91,793",
    split="none",
    subjects="unknown",
    license="non-commercial research only",
    source="mmlab.ie.cuhk.edu.hk/projects/socialrelation",
    citation="Z. Zhang, P. Luo, C. C. Loy, X. Tang, From facial expression recognition to interpersonal relation "
    "prediction, International Journal of Computer Vision 126, 2018",
)
"""The description of this data set."""
