"""Read CK+ as its makers release it: clips of people from a neutral face to an expression.

In: a folder. Out: a ``FaceDataset`` with subjects and sequences; the sizes of the crops differ.

Format: the folder holds ``cohn-kanade-images/SUBJECT/SEQUENCE/SUBJECT_SEQUENCE_FRAME.png``
(``cohn-kanade-images/S005/001/S005_001_00000001.png``; 640 x 490 or 640 x 480 px, gray, some in color) and
``Emotion/SUBJECT/SEQUENCE/SUBJECT_SEQUENCE_FRAME_emotion.txt`` (``Emotion/S005/001/S005_001_00000011_emotion.txt``),
a file for each labelled sequence with one number, ``   3.0000000e+00``. It names the last frame, the peak. A
sequence without a file in Emotion has no label and is left out. The reader ignores ``FACS/`` and ``Landmarks/``.

Faces: found by the bundled detector and cut by ``cropping.CropConvention``, gray, in the frame's own resolution. The
first reading of a thousand frames takes a minute or more; then the crops are cached (see ``face_crops``).

Classes: anger, contempt, disgust, fear, happiness, sadness, surprise (codes 1..7; 0, neutral, labels no sequence of
the release). With the option ``neutral`` an eighth class, neutral, comes last, so that the seven keep their numbers.

Options: ``ckplus:PATH?frames=3&neutral=yes`` (in a shell, in quotes). ``frames``: number of frames of each labelled
sequence, up to the peak; 3 by default, as in CK+48. They never include the first frame of a sequence, which shows no
expression. ``neutral``: yes to add this first frame as neutral; no by default.

Counts: 593 sequences of 123 subjects; 327 sequences of 118 subjects are labelled: anger 45, contempt 18, disgust 59,
fear 25, happiness 69, sadness 28, surprise 83.

Official split: none. The frames of a sequence are nearly one picture: split by subject.

License, source and citation: see ``INFO``.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ekspresi.datasets.class_folders import read_hard_labelled
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.image_files import folders_in
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.reader_options import WHOLE_NUMBER, YES_OR_NO
from ekspresi.datasets.readers.ckplus48 import CITATION, TERMS, with_subjects
from ekspresi.errors import DatasetError
from ekspresi.expressions import CKPLUS_LABELS

IMAGES, EMOTION = "cohn-kanade-images", "Emotion"
"""The two folders of the release that this reader needs."""

CODES = ("neutral", *CKPLUS_LABELS)
"""Order of the codes 0..7 in the files of ``Emotion``."""

OPTIONS = {"frames": WHOLE_NUMBER, "neutral": YES_OR_NO}
"""The options of ``read_ckplus`` in a spec."""


def read_ckplus(path: Path, frames: int = 3, neutral: bool = False) -> FaceDataset:
    """Read the crops of the labelled sequences; subjects 'S005', sequences 'S005_001'.

    Sequences with an invalid label, and frames that are missing or show no face, are skipped with a line.

    Args:
        path: the folder that holds ``cohn-kanade-images`` and ``Emotion``.
        frames: number of frames of each sequence, up to and with the peak.
        neutral: add the first frame of each sequence as neutral.

    Raises:
        DatasetError: one of the two folders is missing, or no labelled sequence can be read.
        ModelError: the detector's networks are missing or damaged.

    >>> read_ckplus(Path("my/faces"))
    Traceback (most recent call last):
    ekspresi.errors.DatasetError: my/faces: no folder cohn-kanade-images. Give the folder that holds ...
    """
    for folder in (IMAGES, EMOTION):
        if not (path / folder).is_dir():
            raise DatasetError(f"{path}: no folder {folder}. Give the folder that holds {IMAGES}/ and {EMOTION}/.")
    labels = (*CKPLUS_LABELS, "neutral") if neutral else CKPLUS_LABELS
    files: list[tuple[str, Path]] = []
    skipped: list[str] = []
    for file in _emotion_files(path / EMOTION, skipped):
        try:
            peak, expression = _peak_of(file), _expression_of(file)
            if expression not in labels:
                raise DatasetError(f"{file}: code 0 is neutral. Add the option neutral=yes to read it.")
        except DatasetError as error:
            skipped.append(str(error))
            continue
        # The release numbers the frames of a sequence from 1 and leaves none out.
        numbers = range(max(2, peak - frames + 1), peak + 1)
        below = path / IMAGES / file.parent.relative_to(path / EMOTION)
        files += [("neutral", below / _frame_name(file, 1))] if neutral else []
        files += [(expression, below / _frame_name(file, number)) for number in numbers]
    if not files:
        reason = (
            f"; the first of {len(skipped)} skipped files is {skipped[0]}" if skipped else ". Copy the release again."
        )
        raise DatasetError(f"{path / EMOTION}: no labelled sequence{reason}")
    dataset = with_subjects(read_hard_labelled("ckplus", path, labels, files, read=FaceCropper()))
    return replace(dataset, skipped=(*skipped, *dataset.skipped))


def _emotion_files(folder: Path, skipped: list[str]) -> Iterator[Path]:
    """Find the label file of each labelled sequence, without hidden files."""
    for sequence in (sequence for subject in folders_in(folder) for sequence in folders_in(subject)):
        found = [file for file in sorted(sequence.glob("*.txt")) if not file.name.startswith(".")]
        if len(found) > 1:
            skipped.append(f"{sequence}: holds {len(found)} labels; keep the one of the release")
        elif found:
            yield found[0]


def _peak_of(file: Path) -> int:
    """``S005/001/S005_001_00000011_emotion.txt`` -> 11."""
    start = f"{file.parent.parent.name}_{file.parent.name}"
    name = re.fullmatch(r"(S\d+_\d+)_(\d+)_emotion\.txt", file.name, re.ASCII)
    if name is None or name[1] != start or int(name[2]) < 2:
        what = f"this is not the name of a label of {start}"
        raise DatasetError(f"{file}: {what}. Name it as in S005_001_00000011_emotion.txt.")
    return int(name[2])


def _expression_of(file: Path) -> str:
    try:
        code = float(file.read_text(encoding="ascii"))
        if code not in range(len(CODES)):  # 3.0 is, 3.5 is not
            raise ValueError(code)
        return CODES[int(code)]
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror}). Check its permissions.") from error
    except ValueError:
        what = f"its content is not one of the codes 0..{len(CODES) - 1}"
        raise DatasetError(f"{file}: {what}. Copy it from the release.") from None


def _frame_name(file: Path, number: int) -> str:
    subject, sequence, frame, _ = file.name.split("_")
    return f"{subject}_{sequence}_{number:0{len(frame)}d}.png"


INFO = DatasetInfo(
    name="ckplus",
    title="CK+",
    read=read_ckplus,
    labels=CKPLUS_LABELS,
    faces="981",
    split="none",
    subjects="118",
    license=TERMS,
    source="jeffcohn.net/resources",
    citation=CITATION,
    family="ckplus48",
    options=OPTIONS,
)
"""The description of this data set."""
