"""Write image files, whole or not at all.

In: Pillow images. Out: files. Does not know about what the images show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ekspresi.system.storage import MAKER, atomic_write, ensure_folder


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture in the format that its suffix names; make the folder where it is missing.

    Raises:
        OutputError: the folder or the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     save_picture(Image.new("RGB", (8, 6)), Path(folder) / "new" / "face.png")
        ...     Image.open(Path(folder) / "new" / "face.png").size
        (8, 6)
    """
    ensure_folder(path.parent)
    with picture_file(path) as write:
        write(picture)


@contextmanager
def picture_file(path: Path) -> Iterator[Callable[[Image.Image], None]]:
    """Give the block a function that writes a picture in the format that the path's suffix names.

    The file appears when the block ends, see ``atomic_write``.

    Raises:
        OutputError: the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, picture_file(Path(folder) / "face.png") as write:
        ...     write(Image.new("RGB", (8, 6)))
    """
    maker = PngInfo()
    maker.add_text("Software", MAKER)
    with atomic_write(path) as part:
        # For JPEG: colors at full resolution, else thin colored lines fray. PNG ignores these, and JPEG ``pnginfo``.
        yield lambda picture: picture.save(part, quality=92, subsampling=0, comment=MAKER, pnginfo=maker)
