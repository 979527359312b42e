"""CK+ as one csv file, ``ckextended.csv``, in the columns of FER2013.

In: the csv or the folder that holds it. Out: a ``FaceDataset`` without subjects.

Format: ``ckextended.csv`` (emotion, pixels, Usage; 'emotion' is a code 0..7, 'pixels' 48 * 48 gray values separated
by blanks). Faces are 48 x 48 px gray, found by a Haar cascade and brightened or darkened by who made the file.

Classes: anger, disgust, fear, happiness, sadness, surprise, neutral, contempt (codes 0..7 in this order).

Counts: 920 rows: anger 45, disgust 59, fear 25, happiness 69, sadness 28, surprise 83, neutral 593, contempt 18.
They are, by these numbers, the peak of each of the 327 labelled sequences of CK+ and a neutral frame of all 593.

Official split: Training, PublicTest, PrivateTest = train, validation, test, about 80, 10 and 10 %. It leaks: rows
were drawn at random, so one person, and the neutral frame and the peak of one sequence, stand on both sides. Nobody
can mend it, because the file does not say who is shown: no subjects, no sequences, so no split by subject. For
figures to be believed, take ``ckplus`` or ``ckplus48``.

License: CK+ is for research only, by agreement with its makers (jeffcohn.net/resources), whatever a copy of it says.

Citation: P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, "The Extended Cohn-Kanade
Dataset (CK+): a complete dataset for action unit and emotion-specified expression", CVPR Workshops 2010.
"""

from pathlib import Path

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.readers.fer2013 import read_pixel_csv
from ekspresi.expressions import CKEXTENDED_LABELS


def read_ckextended(path: Path) -> FaceDataset:
    """``ckextended.csv`` or a folder that holds it -> its faces with hard labels.

    Raises:
        DatasetError: no such file, or a wrong column or value.
    """
    return read_pixel_csv("ckextended", path / "ckextended.csv" if path.is_dir() else path, CKEXTENDED_LABELS)
