"""Convert decoded frames to pictures.

In: frames as PyAV decodes them. Out: pictures, uint8 (H, W, 3) RGB, upright. Does not know about containers or time.

FFmpeg's swscale converts by the stated matrix (BT.601, 709, 2020), range and bit depth. Added here:

    transparency      blended with white, as in still pictures
    limited gray      stretched to the full range, which swscale does for YUV only
    PQ, HLG           mapped to the tones and primaries of sRGB; PyAV before 18 leaves them flat
    display matrix    applied, so that 'up' is up
"""

import struct
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import ImageError
from ekspresi.imaging.pillow_images import MAX_PIXELS
from ekspresi.imaging.pixel_shape import ShapedImage
from ekspresi.media.containers import pyav, why_not

if TYPE_CHECKING:
    from av import VideoFrame


# FFmpeg's numbers: color ranges, transfer curves, primaries.
_LIMITED = 1
_HDR = (16, 18)  # PQ (SMPTE ST 2084), HLG (ARIB STD-B67)
_SRGB = 13
_RESERVED, _BT709, _UNSPECIFIED = 0, 1, 2

_FULL_RANGE = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
"""Full-range gray by limited gray: 16..235 -> 0..255."""


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
        self._on_its_side = False
        self._converter = pyav().video.reformatter.VideoReformatter()
        self._transparent: dict[str, bool] = {}  # by pixel format

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """Return a decoded frame as uint8 (H, W, 3) RGB, upright as its metadata says.

        Raises:
            ImageError: it has more than ``MAX_PIXELS`` pixels, or cannot be converted.
        """
        self._check_size(frame, 1.0)
        try:
            rgb = self._rgb(frame)
        except (pyav().error.FFmpegError, ValueError) as error:
            raise ImageError(
                f"{self._shown}: a frame cannot be converted ({why_not(error)}). Convert the video to H.264."
            ) from None
        if frame.rotation != self._rotation:
            matrix = frame.side_data.get("DISPLAYMATRIX")
            self._rotation, self._matrix = frame.rotation, None if matrix is None else bytes(cast("bytes", matrix))
            self._on_its_side = self._matrix is not None and _is_quarter_turn(self._matrix)
        return upright(rgb, self._matrix)

    def shaped(self, frame: "VideoFrame", pixel_aspect: float) -> ShapedImage:
        """Return a decoded frame as an upright picture, with the shape of its pixels.

        Args:
            frame: the frame.
            pixel_aspect: width of a pixel over its height, as the file stores them.

        Raises:
            ImageError: as for a call, also where it has more than ``MAX_PIXELS`` square pixels.
        """
        self._check_size(frame, max(pixel_aspect, 1 / pixel_aspect))
        image = self(frame)
        return image, 1 / pixel_aspect if self._on_its_side else pixel_aspect

    def _check_size(self, frame: "VideoFrame", stretch: float) -> None:
        if frame.width * frame.height * stretch > MAX_PIXELS:
            limit = f"{MAX_PIXELS // 1_000_000} megapixels"
            raise ImageError(f"{self._shown}: has more than {limit} a frame, the limit. Make it smaller.")

    def _rgb(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """Return the colors of a frame as uint8 (H, W, 3) RGB, as it is stored."""
        form = frame.format
        if form.name not in self._transparent:
            self._transparent[form.name] = form.has_palette or any(part.is_alpha for part in form.components)
        if self._transparent[form.name]:
            return _on_white(self._array(frame, "rgba"))
        if frame.color_trc in _HDR:
            # swscale refuses to convert primaries that are not stated.
            known = frame.color_primaries not in (_RESERVED, _UNSPECIFIED)
            return self._array(frame, "rgb24", dst_color_trc=_SRGB, dst_color_primaries=_BT709 if known else None)
        rgb = self._array(frame, "rgb24")
        return _FULL_RANGE[rgb] if form.name.startswith("gray") and frame.color_range == _LIMITED else rgb

    def _array(self, frame: "VideoFrame", form: str, **colors: int | None) -> NDArray[np.uint8]:
        return cast("NDArray[np.uint8]", self._converter.reformat(frame, format=form, **colors).to_ndarray())


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blend uint8 (H, W, 4) RGBA with white to (H, W, 3) RGB."""
    image = Image.fromarray(rgba, "RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


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
    if _is_quarter_turn(matrix):
        image, right, down = image.transpose(1, 0, 2), c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])


def _is_quarter_turn(matrix: bytes) -> bool:
    """Return whether a display matrix exchanges width and height."""
    a, b, _, c, d = struct.unpack("=5i", matrix[:20])
    return bool(abs(b) + abs(c) > abs(a) + abs(d))
