"""Convert decoded frames to pictures.

In: frames as PyAV decodes them. Out: pictures, uint8 (H, W, 3) RGB, upright. Does not know about containers or time.
"""

import struct
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import ImageError
from ekspresi.imaging.images import MAX_PIXELS
from ekspresi.media.containers import pyav, why_not

if TYPE_CHECKING:
    from av import VideoFrame


class FrameConverter:
    """Convert the decoded frames of one stream to pictures.

    The display matrix is read only where the rotation changes. A frame whose side data was read is freed by the
    garbage collector alone, and dozens of frames would wait for it.

    Example:
        >>> from av import VideoFrame
        >>> FrameConverter("clip.mp4")(VideoFrame(16, 8, "yuv420p")).shape
        (8, 16, 3)
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._rotation: int | None = None
        self._matrix: bytes | None = None
        self._converter = pyav().video.reformatter.VideoReformatter()

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """Return a decoded frame as uint8 (H, W, 3) RGB, upright as its metadata says.

        Raises:
            ImageError: it has more than ``MAX_PIXELS`` pixels, or cannot be converted.
        """
        if frame.width * frame.height > MAX_PIXELS:
            limit = f"{MAX_PIXELS // 1_000_000} megapixels"
            raise ImageError(f"{self._shown}: has more than {limit} a frame, the limit. Make it smaller.")
        try:
            rgb = self._converter.reformat(frame, format="rgb24").to_ndarray()
        except (pyav().error.FFmpegError, ValueError) as error:
            raise ImageError(
                f"{self._shown}: a frame cannot be converted ({why_not(error)}). Convert the video to H.264."
            ) from None
        if frame.rotation != self._rotation:
            matrix = frame.side_data.get("DISPLAYMATRIX")
            self._rotation, self._matrix = frame.rotation, None if matrix is None else bytes(cast("bytes", matrix))
        return upright(rgb, self._matrix)


def upright(image: NDArray[np.uint8], matrix: bytes | None) -> NDArray[np.uint8]:
    """Turn a picture to the nearest quarter by FFmpeg's display matrix, and mirror it back.

    Args:
        image: uint8 (H, W, 3).
        matrix: nine int32 (a b u, c d v, x y w), which move a point to (a x + c y, b x + d y), y down; None for none.

    Example:
        >>> upright(np.zeros((2, 3, 3), np.uint8), struct.pack("=9i", 0, 1, 0, -1, 0, 0, 0, 0, 1)).shape
        (3, 2, 3)
    """
    if matrix is None:
        return image
    a, b, _, c, d = struct.unpack("=5i", matrix[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, right, down = image.transpose(1, 0, 2), c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])
