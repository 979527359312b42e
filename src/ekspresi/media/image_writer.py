"""Write image files, whole or not at all.

In: Pillow images. Out: files. Knows nothing of what the images show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ekspresi.system.storage import MAKER, atomic_write, ensure_folder


def save_picture(picture: Image.Image, path: Path) -> None:
    """A picture -> a file of the kind its ending names, in a folder that is made where it is missing.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    ensure_folder(path.parent)
    with picture_file(path) as write:
        write(picture)


@contextmanager
def picture_file(path: Path) -> Iterator[Callable[[Image.Image], None]]:
    """A path -> a function that writes a picture of the kind its ending names.

    The file appears when the block ends, see ``atomic_write``.

    Raises:
        OutputError: the file cannot be written.
    """
    maker = PngInfo()
    maker.add_text("Software", MAKER)
    with atomic_write(path) as part:
        # For JPEG: colors at full resolution, else thin colored lines fray. PNG ignores these, and JPEG ``pnginfo``.
        yield lambda picture: picture.save(part, quality=92, subsampling=0, comment=MAKER, pnginfo=maker)
