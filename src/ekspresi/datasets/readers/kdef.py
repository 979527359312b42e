"""Read KDEF, the Karolinska Directed Emotional Faces: amateur actors seen from five angles.

In: a folder. Out: a ``FaceDataset`` with subjects; the sizes of the crops differ.

Format: ``AF01ANS.JPG``, in one folder or in one for each session and person (``KDEF/AF01/AF01ANS.JPG``): session A or
B, woman (F) or man (M), number of the person, two letters of the expression, angle. 562 x 762 px, color.

Faces: found by the bundled detector and cut by ``cropping.CropConvention``, as for ``ckplus``.

Classes: anger (AN), disgust (DI), fear (AF, afraid), happiness (HA), neutral (NE), sadness (SA), surprise (SU).

Options: ``kdef:PATH?angles=half``. ``angles``: straight (S) by default; half for straight and both half profiles (HL,
HR); all for the full profiles (FL, FR) too, in many of which the detector finds no face.

Counts: 4,900 pictures: 70 people (35 women, 35 men), seven expressions, five angles, two sessions. 980 are straight,
140 of each expression. A few files of the release have shorter names, which say too little: they are skipped.

Official split: none. Both sessions show the same people, who are the subjects: split by subject.

License, source and citation: see ``INFO``.
"""

import re
from pathlib import Path

from ekspresi.datasets.class_folders import LabelledFace, read_faces
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.image_files import pictures_in
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.reader_options import Option
from ekspresi.errors import DatasetError
from ekspresi.expressions import LETTERS, SEVEN_LABELS

ANGLES = {"straight": ("S",), "half": ("S", "HL", "HR"), "all": ("S", "HL", "HR", "FL", "FR")}
"""Value of the option ``angles`` -> letters at the end of the names."""

_NAME = re.compile(r"[AB](?P<person>[FM]\d\d)(?P<letters>AF|AN|DI|HA|NE|SA|SU)(?P<angle>S|HL|HR|FL|FR)", re.IGNORECASE)


def read_kdef(path: Path, angles: tuple[str, ...] = ANGLES["straight"]) -> FaceDataset:
    """Read the crops of the pictures of some angles; subjects 'F01'.

    A picture with another name, and one in which no face is found, is skipped with a line.

    Args:
        path: the folder that holds the pictures, or their folders.
        angles: letters of the angles to read.

    Raises:
        DatasetError: no picture of these angles, or none that can be read.
        ModelError: the detector's networks are missing or damaged.

    >>> read_kdef(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no picture of these angles is named as AF01ANS.JPG. Give the folder ...
    """
    faces: list[LabelledFace[Path]] = []
    nameless: list[str] = []
    for file in pictures_in(path):
        name = _NAME.fullmatch(file.stem)
        if name is None:
            nameless.append(f"{file}: its name is not that of a picture of KDEF, as in AF01ANS.JPG")
        elif name["angle"].upper() in angles:
            label, subject = LETTERS[name["letters"].upper()], name["person"].upper()
            faces.append(LabelledFace(label, file, file.relative_to(path).as_posix(), subject=subject))
    if not faces:
        what = "no picture of these angles is named as AF01ANS.JPG"
        raise DatasetError(f"{path}: {what}. Give the folder of KDEF's pictures, or the option angles=all.")
    return read_faces("kdef", path, SEVEN_LABELS, faces, FaceCropper(), nameless)


INFO = DatasetInfo(
    name="kdef",
    title="KDEF",
    read=read_kdef,
    labels=SEVEN_LABELS,
    faces="4,900",
    split="none",
    subjects="70",
    license="non-commercial research only, by registration with its makers",
    source="kdef.se",
    citation="D. Lundqvist, A. Flykt, A. Öhman, The Karolinska Directed Emotional Faces (KDEF), CD ROM from Department "
    "of Clinical Neuroscience, Psychology section, Karolinska Institutet, 1998",
    options={"angles": Option("straight, half or all", ANGLES.__getitem__)},
)
"""The description of this data set."""
