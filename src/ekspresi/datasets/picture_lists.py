"""List millions of labelled picture files below one folder, in little memory.

In: labels and files. Out: sequences that make a ``Path`` on access. A path object takes about 400 bytes, the name in it
a fifth of that. Does not read pictures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.image_files import picture_names


class PictureFiles(Sequence[tuple[str, Path]]):
    """Hold N pairs of label and picture file below one folder.

    >>> files = PictureFiles(Path("faces"), [("fear", Path("faces/scared/a.png"))])
    >>> files[0], files.names
    (('fear', PosixPath('faces/scared/a.png')), ['scared/a.png'])
    """

    def __init__(self, root: Path, files: Iterable[tuple[str, Path]] = ()) -> None:
        """Hold some files.

        Args:
            root: the folder.
            files: pairs of label and file below it.
        """
        self.root = root
        self.labels: list[str] = []
        """N labels."""
        self.names: list[str] = []
        """N paths below the folder, with '/'."""
        for label, file in files:
            self.labels.append(label)
            self.names.append(file.relative_to(root).as_posix())

    def add_folder(self, label: str, folder: Path) -> int:
        """Add all pictures below a folder, see ``image_files.pictures_in``; return their number."""
        before = len(self.names)
        below = folder.relative_to(self.root).as_posix()
        self.names.extend(f"{below}/{name}" for name in picture_names(folder))
        added = len(self.names) - before
        self.labels += [label] * added
        return added

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, position: int) -> tuple[str, Path]: ...

    @overload
    def __getitem__(self, position: slice) -> list[tuple[str, Path]]: ...

    def __getitem__(self, position: int | slice) -> tuple[str, Path] | list[tuple[str, Path]]:
        if isinstance(position, slice):
            return [self[number] for number in range(len(self))[position]]
        return self.labels[position], self.root / self.names[position]


@dataclass(frozen=True, slots=True)
class FilesBelow(Sequence[Path]):
    """Make the paths of N names below one folder on access.

    Attributes:
        root: the folder.
        names: N paths below it, with '/'.

    >>> FilesBelow(Path("faces"), np.array(["fear/a.png"]))[0].as_posix()
    'faces/fear/a.png'
    """

    root: Path
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, position: int) -> Path: ...

    @overload
    def __getitem__(self, position: slice) -> "FilesBelow": ...

    def __getitem__(self, position: int | slice) -> "Path | FilesBelow":
        if isinstance(position, slice):
            return FilesBelow(self.root, self.names[position])
        return self.root / str(self.names[position])
