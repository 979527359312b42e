"""Read JAFFE: ten Japanese women who posed seven expressions in a laboratory.

In: a folder. Out: a ``FaceDataset`` with subjects; the sizes of the crops differ.

Format: ``KA.AN1.39.tiff``, in one folder or several: initials of the poser, expression and take, number of the
picture. 256 x 256 px, gray, head and hair.

Faces: found by the bundled detector and cut by ``cropping.CropConvention``, as for ``ckplus``.

Classes: anger (AN), disgust (DI), fear (FE), happiness (HA), neutral (NE), sadness (SA), surprise (SU), as posed; the
ratings that come with the pictures are not read.

Counts: 213 pictures of ten subjects (KA, KL, KM, KR, MK, NA, NM, TM, UY, YM): anger 30, disgust 29, fear 32,
happiness 31, neutral 30, sadness 31, surprise 30.

Official split: none. Two to four takes of one expression are nearly one picture: split by subject.

License, source and citation: see ``INFO``. Its makers also limit which pictures a paper may show.
"""

import re
from pathlib import Path

from ekspresi.datasets.class_folders import LabelledFace, read_faces
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.image_files import pictures_in
from ekspresi.datasets.info import DatasetInfo
from ekspresi.errors import DatasetError
from ekspresi.expressions import LETTERS, SEVEN_LABELS

_NAME = re.compile(r"(?P<subject>[A-Z]{2})\.(?P<letters>AN|DI|FE|HA|NE|SA|SU)\d+\.\d+", re.IGNORECASE)


def read_jaffe(path: Path) -> FaceDataset:
    """Read the crops of all pictures with JAFFE's names; subjects 'KA'.

    A picture with another name, and one without a face, is skipped with a line.

    Raises:
        DatasetError: no picture has such a name, or none can be read.
        ModelError: the detector's networks are missing or damaged.

    >>> read_jaffe(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no picture is named as KA.AN1.39.tiff. Give the folder of JAFFE's pictures.
    """
    faces: list[LabelledFace[Path]] = []
    nameless: list[str] = []
    for file in pictures_in(path):
        name = _NAME.fullmatch(file.stem)
        if name is None:
            nameless.append(f"{file}: its name is not that of a picture of JAFFE, as in KA.AN1.39.tiff")
            continue
        label = LETTERS[name["letters"].upper()]
        faces.append(LabelledFace(label, file, file.relative_to(path).as_posix(), subject=name["subject"].upper()))
    if not faces:
        raise DatasetError(f"{path}: no picture is named as KA.AN1.39.tiff. Give the folder of JAFFE's pictures.")
    return read_faces("jaffe", path, SEVEN_LABELS, faces, FaceCropper(), nameless)


INFO = DatasetInfo(
    name="jaffe",
    title="JAFFE",
    read=read_jaffe,
    labels=SEVEN_LABELS,
    faces="213",
    split="none",
    subjects="10",
    license="non-commercial research only, on request to its makers",
    source="zenodo.org/records/3451524",
    citation="M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba, Coding facial expressions with Gabor wavelets, IEEE "
    "International Conference on Automatic Face and Gesture Recognition, 1998",
)
"""The description of this data set."""
