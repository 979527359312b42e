"""Read SFEW 2.0, Static Facial Expressions in the Wild: single frames of films.

In: a folder. Out: a ``FaceDataset`` with hard labels and, where the names hold them, clips.

Format, one of two in circulation, each with the class folders Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise:

- Aligned faces (143 x 181 px, color): ``Train_Aligned_Faces/CLASS/*.png`` and ``Val_Aligned_Faces_new/`` or
  ``Val_Aligned_Faces/``, in the folder itself or in ``Train/`` and ``Val/``.
- Whole frames (720 x 576 px, color): ``Train/CLASS/*.png`` and ``Val/CLASS/``. The largest face that the bundled
  detector finds is cut by ``cropping.CropConvention``; a frame may show more people, and then this may be another one.

Aligned faces are read where both kinds are there. A picture is named ``Airheads_000519240_00000005.png``: film, place
of the clip in it, frame; film and place are the sequence.

Classes: anger, disgust, fear, happiness, neutral, sadness, surprise.

Counts: Train 958, Val 436; the aligned faces are a few fewer. Test (372) has no labels and is not read.

Official split: Train and Val. The labels of Test were never published, and papers report on Val. So Val is read as
test here; where training needs a validation set, ``make_split`` takes a tenth of Train. Its makers kept the people of
the sides apart.

License, source and citation: see ``INFO``.
"""

import re
from pathlib import Path

from ekspresi.datasets.class_folders import LabelledFace, read_faces, required_classes
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.image_files import read_gray
from ekspresi.datasets.info import DatasetInfo
from ekspresi.errors import DatasetError
from ekspresi.expressions import SEVEN_LABELS

SIDES = {"Train": "train", "Val": "test"}
"""Folder -> name of the split; see the head of this file."""

_NAME = re.compile(r"(?P<clip>.+_\d+)_\d+")


def read_sfew(path: Path) -> FaceDataset:
    """Read the aligned faces of Train and Val, or the faces in their whole frames.

    Sequences are kept where every picture is named FILM_PLACE_FRAME.

    Raises:
        DatasetError: a side, or a class of it, is missing or unknown, or no picture can be read.
        ModelError: the detector's networks are missing or damaged, and there are whole frames only.

    >>> read_sfew(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no Train and Val with class folders, aligned or whole. Give the folder ...
    """
    aligned = {side: _aligned(path, side) for side in SIDES}
    folders = aligned if all(aligned.values()) else {side: _whole(path, side) for side in SIDES}
    faces: list[LabelledFace[Path]] = []
    for side, folder in folders.items():
        if folder is None:
            what = "no Train and Val with class folders, aligned or whole"
            raise DatasetError(f"{path}: {what}. Give the folder of SFEW 2.0 with both sides unpacked.")
        for label, file in required_classes(folder, SEVEN_LABELS):
            name = _NAME.fullmatch(file.stem)
            clip = name["clip"] if name else ""
            faces.append(LabelledFace(label, file, file.relative_to(path).as_posix(), SIDES[side], sequence=clip))
    return read_faces("sfew", path, SEVEN_LABELS, faces, read_gray if folders is aligned else FaceCropper())


def _aligned(path: Path, side: str) -> Path | None:
    names = (f"{side}_Aligned_Faces_new", f"{side}_Aligned_Faces")
    places = [top / name for name in names for top in (path, path / side)]
    return next((place for place in places if place.is_dir()), None)


def _whole(path: Path, side: str) -> Path | None:
    places = [path / side / side, path / side]
    return next((place for place in places if place.is_dir()), None)


INFO = DatasetInfo(
    name="sfew",
    title="SFEW 2.0",
    read=read_sfew,
    labels=SEVEN_LABELS,
    faces="1,394",
    split="train 958, validation (read as test) 436",
    subjects="unknown",
    license="research only, by agreement with its makers",
    source="users.cecs.anu.edu.au/~few_group/AFEW.html",
    citation="A. Dhall, R. Goecke, S. Lucey, T. Gedeon, Static facial expression analysis in tough conditions: data, "
    "evaluation protocol and benchmark, ICCV Workshops 2011",
    split_leaks_subjects=False,
)
"""The description of this data set."""
