"""Read measured blendshapes of faces, the target of an auxiliary head.

In: a file of blendshapes and the names of faces. Out: standardized targets. Blendshapes say how far each part of a face
has moved: brows, lids, cheeks, jaw, lips. ``tools/measure_blendshapes.py`` measures them. Does not know about networks.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import DatasetError


def read_blendshapes(path: Path, faces: NDArray[np.str_]) -> NDArray[np.float32]:
    """Read the blendshapes of faces, with the mean of left and right, at mean 0 and standard deviation 1.

    Training mirrors faces, so only what both sides of a face share is learned.

    Args:
        path: NumPy's .npz with ``files`` (M,), ``names`` (B,) and ``values`` float32 (M, B), NaN where none was found.
        faces: names of N faces.

    Returns:
        float32 (N, C); NaN for faces that the file lacks, or that have none.

    Raises:
        DatasetError: the file is missing, is damaged, or knows none of the faces.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "shapes.npz"
        ...     values = np.array([[0.0, 0.2, 0.0], [1.0, 0.8, 1.0]], np.float32)
        ...     np.savez(path, files=["a", "b"], names=["smileLeft", "smileRight", "jawOpen"], values=values)
        ...     read_blendshapes(path, np.array(["b", "a", "c"])).round(1)
        array([[ 1.,  1.],
               [-1., -1.],
               [nan, nan]], dtype=float32)
    """
    try:
        with np.load(path) as file:
            files, names, values = file["files"], file["names"], file["values"].astype(np.float32)
        joined = np.array([str(name).replace("Left", "").replace("Right", "") for name in names])
        kinds = list(dict.fromkeys(joined.tolist()))
        means = np.stack([values[:, joined == kind].mean(axis=1) for kind in kinds], axis=1)
        position = {str(file): i for i, file in enumerate(files)}
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{path}: is not a file of blendshapes ({error}). Make one with tools/measure_blendshapes.py."
        ) from error
    rows = np.array([position.get(str(face), -1) for face in faces])
    found = np.where(rows[:, None] >= 0, means[rows], np.float32("nan"))
    if not np.isfinite(found).any():
        raise DatasetError(f"{path}: holds none of the training faces. Measure the faces of this data set.")
    spread = np.nanstd(found, axis=0)
    kept = found[:, spread > 0]
    standardized = (kept - np.nanmean(kept, axis=0)) / spread[spread > 0]
    return np.asarray(standardized, dtype=np.float32)
