"""Convert colors by the ICC profile of a picture to sRGB, as a browser does.

In: 8-bit colors and the bytes of a profile. Out: 8-bit sRGB. Does not know about files.

A profile that says sRGB, cannot be read, or is for other colors than those of the picture changes nothing.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

try:
    from PIL import ImageCms
except ImportError:  # this Pillow was built without LittleCMS
    ImageCms = None  # type: ignore[assignment]


class ColorProfile:
    """Convert parts of one picture to sRGB.

    Example:
        >>> linear = ColorProfile(None, "RGB")
        >>> linear.to_srgb(Image.new("RGB", (8, 6), "red")).getpixel((0, 0))
        (255, 0, 0)
    """

    def __init__(self, profile: bytes | None, mode: str) -> None:
        """Read the profile.

        Args:
            profile: the bytes of an ICC profile; None for none.
            mode: of the images to convert: 'L', 'RGB' or 'CMYK'.
        """
        self._transform = None
        if not profile or ImageCms is None:
            return
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            description = ImageCms.getProfileDescription(source).lower()
            if "srgb" in description and "linear" not in description:
                return
            self._transform = ImageCms.buildTransform(
                source,
                ImageCms.createProfile("sRGB"),
                mode,
                "RGB",
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """Convert an image of the profile's mode to mode RGB."""
        if self._transform is None:
            return image.convert("RGB")
        converted = self._transform.apply(image)
        return converted if isinstance(converted, Image.Image) else image.convert("RGB")

    def array_to_srgb(self, colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert uint8 (H, W, 1) gray or (H, W, 3) RGB to uint8 (H, W, 3) RGB."""
        if self._transform is None:
            return np.broadcast_to(colors, (*colors.shape[:2], 3))
        return np.asarray(self.to_srgb(Image.fromarray(colors[:, :, 0] if colors.shape[2] == 1 else colors)))
