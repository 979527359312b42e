"""A data set -> what it looks like: counts, a chart of its classes, a montage of its faces.

In: a ``FaceDataset``. Out: numbers, or a PNG file. Knows nothing of splits but the official one. A montage
shows
people: it is for the eyes of who holds the data, not for passing on.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ekspresi.datasets.dataset import SPLITS, FaceDataset
from ekspresi.errors import MissingExtraError
from ekspresi.media.image_writer import picture_file
from ekspresi.system.storage import MAKER, atomic_write

NO_CLASS = "(no class)"
"""Row of the faces without a class: 'unknown', 'not a face', or no votes."""

_FACE_PX = 72
_GAP_PX = 4
_LABEL_PX = 150
_HEAD_PX = 22


def class_counts(targets: NDArray[np.int64], labels: tuple[str, ...]) -> dict[str, int]:
    """Targets int64 (N,) and K labels -> label -> count, in label order; ``NO_CLASS`` (-1) last, if any."""
    counts = {label: int((targets == code).sum()) for code, label in enumerate(labels)}
    return counts | ({NO_CLASS: n} if (n := int((targets < 0).sum())) else {})


def size_counts(dataset: FaceDataset) -> Counter[tuple[int, int]]:
    """A data set -> (height, width) in pixels -> how many images have it."""
    return Counter((image.shape[0], image.shape[1]) for image in dataset.images)


def sides_of(dataset: FaceDataset) -> dict[str, NDArray[np.int64]]:
    """A data set -> side of the official split -> int64 positions; empty sides are left out."""
    if dataset.official is None:
        return {}
    sides = {side: np.flatnonzero(dataset.official == side) for side in SPLITS}
    return {side: indices for side, indices in sides.items() if len(indices)}


def draw_class_chart(dataset: FaceDataset, path: Path) -> None:
    """A data set -> a PNG with a bar for each class, a color for each official side.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("the class chart", "eval") from error
    sides = sides_of(dataset) or {"all faces": np.arange(len(dataset))}
    names = [*class_counts(dataset.targets, dataset.labels)]
    figure = Figure(figsize=(8, 0.42 * len(names) + 1.4), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(names))
    for (side, indices), color in zip(sides.items(), ("#33658a", "#f6ae2d", "#c8553d"), strict=False):
        counts = class_counts(dataset.targets[indices], dataset.labels)
        widths = np.array([counts.get(name, 0) for name in names])
        axes.barh(names, widths, left=left, label=f"{side} ({len(indices):,})", color=color)
        left += widths
    for row, total in enumerate(left):
        axes.annotate(f"{int(total):,}", (total, row), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("faces")
    axes.set_title(f"{dataset.spec}: {len(dataset):,} faces", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside lower center", ncols=len(sides), fontsize=9)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": MAKER})


def draw_montage(dataset: FaceDataset, path: Path, columns: int = 12) -> None:
    """A data set -> a PNG with a row of faces for each class, drawn with a fixed seed.

    Raises:
        OutputError: the file cannot be written.
    """
    counts = class_counts(dataset.targets, dataset.labels)
    step = _FACE_PX + _GAP_PX
    sheet = Image.new("L", (_LABEL_PX + columns * step, _HEAD_PX + len(counts) * step), 255)
    pen = ImageDraw.Draw(sheet)
    pen.text((6, 5), f"{dataset.spec}: {len(dataset):,} faces, at most {columns} of each class", fill=0)
    rng = np.random.default_rng(0)
    for row, (label, count) in enumerate(counts.items()):
        top = _HEAD_PX + row * step
        pen.text((6, top + _FACE_PX // 2 - 12), f"{label}\n{count:,}", fill=0)
        code = dataset.labels.index(label) if label in dataset.labels else -1
        members = np.flatnonzero(dataset.targets == code)
        chosen = np.sort(rng.choice(members, min(columns, len(members)), replace=False))
        for column, position in enumerate(chosen.tolist()):
            face = Image.fromarray(np.asarray(dataset.images[position]))
            face = face.resize((_FACE_PX, _FACE_PX), Image.Resampling.BICUBIC)
            sheet.paste(face, (_LABEL_PX + column * step, top))
    with picture_file(path) as write:
        write(sheet)
