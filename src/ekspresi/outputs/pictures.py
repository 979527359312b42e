"""Annotated pictures: what they are called beside each other, and how they are saved.

In: paths of sources, pictures. Out: paths of targets, picture files. Knows nothing of what is drawn.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from ekspresi.outputs.files import make_folder, replacing
from ekspresi.sources import VIDEO_SUFFIXES, below_common_folder


def annotated_paths(sources: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Sources and an output folder -> where the annotated picture or film of each goes.

    They keep the folders below the one they have in common. No two share a name (``x.png`` and ``x.gif`` get
    numbers) and none is a source itself. JPEG stays JPEG, so that a folder of photos does not grow tenfold; all else
    becomes PNG, and videos become MP4.
    """
    taken = {os.path.realpath(source).casefold() for source in sources}
    targets = {}
    for source, below in zip(sources, below_common_folder(sources), strict=True):
        suffix = _suffix(source)
        target, number = folder / below.with_name(f"{source.stem}{suffix}"), 1
        while (key := os.path.realpath(target).casefold()) in taken:
            number += 1
            target = target.with_name(f"{source.stem}-{number}{suffix}")
        taken.add(key)
        targets[source] = target
    return targets


def _suffix(source: Path) -> str:
    if source.suffix.lower() in VIDEO_SUFFIXES:
        return ".mp4"
    return source.suffix if source.suffix.lower() in (".jpg", ".jpeg") else ".png"


def save_picture(picture: Image.Image, path: Path) -> None:
    """A picture -> a file of the kind its ending names, in a folder that is made where it is missing.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    make_folder(path.parent)
    with picture_file(path) as write:
        write(picture)


@contextmanager
def picture_file(path: Path) -> Iterator[Callable[[Image.Image], None]]:
    """A path -> a function that writes a picture of the kind its ending names.

    The file appears when the block ends, see ``replacing``.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as part:
        # For JPEG: colours at full resolution, else thin coloured lines fray. PNG ignores both.
        yield lambda picture: picture.save(part, quality=92, subsampling=0)
