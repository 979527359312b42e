"""Describe a data set: what it is, how it is read, and under which terms.

In: nothing. Out: a frozen ``DatasetInfo``, of which each module in ``readers`` exports one as ``INFO``. Does not know
about files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.reader_options import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """Describe the data set of a reader.

    Attributes:
        name: of the reader, the first half of a spec; the name of its module too.
        title: name of the data set, as its makers write it.
        read: turns a path, and the options as keyword arguments, into the data set.
        labels: K expressions in the order of the data set; empty where the user's files decide.
        faces: number of faces, as text: '981'.
        split: official split with its counts, in words; 'none' without one.
        subjects: number of persons, in words; 'unknown' where the files name none.
        license: terms of use, in a few words.
        source: address, or place, where one gets it.
        citation: paper to cite, or the words that say whom to cite.
        family: name that all readers of the same pictures share; '' for the name of the reader.
        split_leaks_subjects: the official split puts one person on several sides; None where this is unknown, or where
            there is no such split.
        split_leaks_pictures: copies of test pictures are in training. The protocol 'official' removes them, which takes
            seconds for tens of thousands of small faces.
        instead: what to quote where the official split leaks, as the end of the sentence 'Quote ...'.
        options: name -> option of ``read``, named as its keyword arguments.

    Raises:
        ValueError: the split leaks, and nothing is named to quote instead.

    >>> from pathlib import Path
    >>> def read_nothing(path: Path) -> FaceDataset:
    ...     raise NotImplementedError
    >>> info = DatasetInfo(
    ...     name="mine", title="My faces", read=read_nothing, labels=("anger", "fear"), faces="12", split="none",
    ...     subjects="3", license="private", source="my camera", citation="none"
    ... )
    >>> info.family, info.split_leaks_subjects
    ('mine', None)
    """

    name: str
    title: str
    read: Callable[..., FaceDataset]
    labels: tuple[str, ...]
    faces: str
    split: str
    subjects: str
    license: str
    source: str
    citation: str
    family: str = ""
    split_leaks_subjects: bool | None = None
    split_leaks_pictures: bool = False
    instead: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.family:
            object.__setattr__(self, "family", self.name)
        if self.split_leaks_subjects and not self.instead:
            raise ValueError(f"{self.name}: its split leaks, and 'instead' is empty. Name what to quote instead.")

    @property
    def leaks(self) -> str:
        """Return what the official split leaks: subjects, pictures, nothing or unknown; '-' without a split."""
        if self.split == "none":
            return "-"
        if self.split_leaks_pictures:
            return "pictures"
        return {True: "subjects", False: "nothing", None: "unknown"}[self.split_leaks_subjects]
