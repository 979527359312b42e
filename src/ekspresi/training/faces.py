"""Give the faces of a training at one size: from memory where they fit, else decoded on access.

In: the images of a ``FaceDataset`` and indices. Out: uint8 (N, S, S). Does not know about labels, batches or torch.
"""

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets import lazy_images
from ekspresi.datasets.lazy_images import Images, LazyImages
from ekspresi.imaging.resampling import resize


def stack_faces(images: Images, indices: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """Stack faces of a data set at one size.

    Args:
        images: of the data set.
        indices: int64 (N,), which faces.
        side: side of each face in the result, pixels.

    Returns:
        uint8 (N, side, side).

        >>> stack_faces([np.zeros((8, 8), np.uint8), np.zeros((4, 4), np.uint8)], np.array([0, 1]), side=6).shape
        (2, 6, 6)
    """
    out = np.empty((len(indices), side, side), dtype=np.uint8)
    for i in np.argsort(indices, kind="stable").tolist():  # neighbors are in one block of a file
        image = images[int(indices[i])]
        if image.shape != (side, side):
            image = np.clip(np.rint(resize(image.astype(np.float32), side, side)), 0, 255).astype(np.uint8)
        out[i] = image
    return out


class TrainingFaces:
    """Hold N faces at one size; of a set that is not in memory, decode them where they would take too much of it.

    The limit is ``lazy_images.LARGEST_IN_MEMORY`` bytes at this size. ``faces[chosen]`` is uint8 (M, side, side), for
    a slice or int64 (M,):

        >>> faces = TrainingFaces(np.zeros((3, 8, 8), np.uint8), np.array([0, 2]), side=4)
        >>> len(faces), faces[np.array([1, 1, 0])].shape
        (2, (3, 4, 4))
    """

    def __init__(self, images: Images, indices: NDArray[np.int64], side: int) -> None:
        self.indices, self.side = indices, side
        large = len(indices) * side * side > lazy_images.LARGEST_IN_MEMORY
        # Workers get what is held here: the faces, or the way to decode them.
        self._lazy = images if large and isinstance(images, LazyImages) else None
        self._held = None if self._lazy is not None else stack_faces(images, indices, side)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, chosen: NDArray[np.int64] | slice) -> NDArray[np.uint8]:
        if self._lazy is not None:
            return stack_faces(self._lazy, self.indices[chosen], self.side)
        assert self._held is not None
        return self._held[chosen]
