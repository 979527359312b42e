"""Read CK+ as one csv file, ``ckextended.csv``, in the columns of FER2013.

In: the csv or the folder that holds it. Out: a ``FaceDataset`` without subjects.

Format: ``ckextended.csv`` (emotion, pixels, Usage; 'emotion' is a code 0..7, 'pixels' 48 * 48 gray values separated
by blanks). Faces are 48 x 48 px gray; the file's author found them by a Haar cascade and changed their brightness.

Classes: anger, disgust, fear, happiness, sadness, surprise, neutral, contempt (codes 0..7 in this order).

Counts: 920 rows: anger 45, disgust 59, fear 25, happiness 69, sadness 28, surprise 83, neutral 593, contempt 18.
These numbers suggest the peak of each of the 327 labelled sequences of CK+ and a neutral frame of all 593.

Official split: Training, PublicTest, PrivateTest = train, validation, test, about 80, 10 and 10 %. It leaks: rows
were drawn at random, so several splits share one person, or the neutral frame and the peak of one sequence. The file
names no subjects and no sequences, so it cannot be split by subject. For reliable figures use ``ckplus`` or
``ckplus48``.

License: CK+ is for research only, by agreement with its makers (jeffcohn.net/resources), also where a copy says else.

Citation: P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, "The Extended Cohn-Kanade
Dataset (CK+): a complete dataset for action unit and emotion-specified expression", CVPR Workshops 2010.
"""

from pathlib import Path

from ekspresi.datasets.dataset import DatasetInfo, FaceDataset
from ekspresi.datasets.readers.fer2013 import read_pixel_csv
from ekspresi.expressions import CKEXTENDED_LABELS

CKEXTENDED_INFO = DatasetInfo("ckextended", split_leaks_subjects=True)
"""The description of this data set."""


def read_ckextended(path: Path) -> FaceDataset:
    r"""Read ``ckextended.csv``, or the folder that holds it: faces with hard labels.

    Raises:
        DatasetError: no such file, or a wrong column or value.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pixels = " ".join(["7"] * 48 * 48)
    ...     _ = Path(folder, "ckextended.csv").write_text(f"emotion,pixels,Usage\n3,{pixels},Training\n")
    ...     dataset = read_ckextended(Path(folder))
    >>> dataset.labels[dataset.targets[0]], dataset.official[0].item()
    ('happiness', 'train')
    """
    return read_pixel_csv("ckextended", path / "ckextended.csv" if path.is_dir() else path, CKEXTENDED_LABELS)
