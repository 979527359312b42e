"""CK+ as its makers release it: clips of people who go from a neutral face to an expression.

In: a folder. Out: a ``FaceDataset`` with subjects and sequences; the sizes of the crops differ.

Format: the folder holds ``cohn-kanade-images/SUBJECT/SEQUENCE/SUBJECT_SEQUENCE_FRAME.png``
(``cohn-kanade-images/S005/001/S005_001_00000001.png``; 640 x 490 or 640 x 480 px, gray, some in color) and
``Emotion/SUBJECT/SEQUENCE/SUBJECT_SEQUENCE_FRAME_emotion.txt`` (``Emotion/S005/001/S005_001_00000011_emotion.txt``),
a file for each labelled sequence with one number, ``   3.0000000e+00``. It names the last frame, the peak. A
folder of Emotion without a file: the sequence has no label and is left out. ``FACS/`` and ``Landmarks/`` are not
looked at.

Faces: found by the bundled detector and cut by ``cropping.CropConvention``, gray, in the frame's own resolution. The
first reading of a thousand frames takes a minute or more; then the crops are remembered (see ``faces``).

Classes: anger, contempt, disgust, fear, happiness, sadness, surprise (codes 1..7; 0, neutral, labels no sequence of
the release). With the option ``neutral`` an eighth, neutral, comes last, so that the numbers of the seven stay.

Options: ``ckplus:PATH?frames=3&neutral=yes`` (in a shell, in quotes). ``frames``: how many frames of each labelled
sequence count, the last being the peak; 3 by default, as in CK+48. The first frame of a sequence is never among
them: it shows no expression. ``neutral``: yes to take this first frame as neutral; no by default.

Counts: 593 sequences of 123 subjects; 327 sequences of 118 subjects are labelled: anger 45, contempt 18, disgust 59,
fear 25, happiness 69, sadness 28, surprise 83.

Official split: none. The frames of a sequence are nearly one picture: split by subject.

License: research only, by agreement with the makers (jeffcohn.net/resources).

Citation: P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, "The Extended Cohn-Kanade
Dataset (CK+): a complete dataset for action unit and emotion-specified expression", CVPR Workshops 2010.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ekspresi.datasets.class_folders import read_hard_labelled
from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.face_crops import FaceCropper
from ekspresi.datasets.image_files import folders_in
from ekspresi.datasets.reader_options import WHOLE_NUMBER, YES_OR_NO
from ekspresi.datasets.readers.ckplus48 import with_subjects
from ekspresi.errors import DatasetError
from ekspresi.expressions import CKPLUS_LABELS

IMAGES, EMOTION = "cohn-kanade-images", "Emotion"
"""The two folders of the release that are read."""

CODES = ("neutral", *CKPLUS_LABELS)
"""Order of the codes 0..7 in the files of ``Emotion``."""

CKPLUS_OPTIONS = {"frames": WHOLE_NUMBER, "neutral": YES_OR_NO}
"""What ``read_ckplus`` may be asked for in a spec."""


def read_ckplus(path: Path, frames: int = 3, neutral: bool = False) -> FaceDataset:
    """Folder of the release -> crops of the labelled sequences; subjects 'S005', sequences 'S005_001'.

    A sequence whose label cannot be understood, a frame that is missing or shows no face is skipped with a line.

    Args:
        path: the folder that holds ``cohn-kanade-images`` and ``Emotion``.
        frames: how many frames count, up to and with the peak.
        neutral: take the first frame of each sequence as neutral.

    Raises:
        DatasetError: one of the two folders is missing, or no labelled sequence can be read.
        ModelError: the detector's networks are missing or damaged.
    """
    for folder in (IMAGES, EMOTION):
        if not (path / folder).is_dir():
            raise DatasetError(f"{path}: no folder {folder}; give the folder that holds {IMAGES}/ and {EMOTION}/")
    labels = (*CKPLUS_LABELS, "neutral") if neutral else CKPLUS_LABELS
    files: list[tuple[str, Path]] = []
    skipped: list[str] = []
    for file in _emotion_files(path / EMOTION, skipped):
        try:
            peak, expression = _peak_of(file), _expression_of(file)
            if expression not in labels:
                raise DatasetError(f"{file}: code 0 is neutral, which counts with the option neutral=yes only")
        except DatasetError as error:
            skipped.append(str(error))
            continue
        # The release numbers the frames of a sequence from 1 and leaves none out.
        numbers = range(max(2, peak - frames + 1), peak + 1)
        below = path / IMAGES / file.parent.relative_to(path / EMOTION)
        files += [("neutral", below / _frame_name(file, 1))] if neutral else []
        files += [(expression, below / _frame_name(file, number)) for number in numbers]
    if not files:
        reason = f"; first of {len(skipped)} that were skipped: {skipped[0]}" if skipped else ""
        raise DatasetError(f"{path / EMOTION}: no labelled sequence{reason}")
    dataset = with_subjects(read_hard_labelled("ckplus", path, labels, files, read=FaceCropper()))
    return replace(dataset, skipped=(*skipped, *dataset.skipped))


def _emotion_files(folder: Path, skipped: list[str]) -> Iterator[Path]:
    """Folder of the labels -> the label of each labelled sequence; what lies beside them hidden is left out."""
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
        raise DatasetError(f"{file}: name is not that of a label of {start}, as in S005_001_00000011_emotion.txt")
    return int(name[2])


def _expression_of(file: Path) -> str:
    try:
        code = float(file.read_text(encoding="ascii"))
        if code not in range(len(CODES)):  # 3.0 is, 3.5 is not
            raise ValueError(code)
        return CODES[int(code)]
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
    except ValueError:
        raise DatasetError(f"{file}: is not one of the codes 0..{len(CODES) - 1}; copy it from the release") from None


def _frame_name(file: Path, number: int) -> str:
    subject, sequence, frame, _ = file.name.split("_")
    return f"{subject}_{sequence}_{number:0{len(frame)}d}.png"
