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

License, source and citation: see ``INFO``. The terms hold also where a copy says else.
"""

from pathlib import Path

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.info import DatasetInfo
from ekspresi.datasets.readers.ckplus48 import CITATION, TERMS
from ekspresi.datasets.readers.fer2013 import read_pixel_csv
from ekspresi.expressions import CKEXTENDED_LABELS


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


INFO = DatasetInfo(
    name="ckextended",
    title="CK+ as ckextended.csv",
    read=read_ckextended,
    labels=CKEXTENDED_LABELS,
    faces="920",
    split="train 80 %, validation 10 %, test 10 %",
    subjects="unknown",
    license=TERMS,
    source="passed on as ckextended.csv; its original: jeffcohn.net/resources",
    citation=CITATION,
    family="ckplus48",
    split_leaks_subjects=True,
    instead="'subject-10fold' of 'ckplus' or 'ckplus48'",
)
"""The description of this data set."""
