"""Show a data set: its counts, a chart of its classes, a montage of its faces.

In: a ``FaceDataset``. Out: numbers, or a PNG file. Does not know about splits other than the official one. A montage
shows people: do not pass it on.
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
"""Row for faces without a class: 'unknown', 'not a face', or no votes."""

_FACE_PX = 72
_GAP_PX = 4
_LABEL_PX = 150
_HEAD_PX = 22


def class_counts(targets: NDArray[np.int64], labels: tuple[str, ...]) -> dict[str, int]:
    """Count the targets int64 (N,) by label, in label order; ``NO_CLASS`` (-1) last, if any.

    >>> class_counts(np.array([0, 0, -1]), ("anger", "fear"))
    {'anger': 2, 'fear': 0, '(no class)': 1}
    """
    counts = {label: int((targets == code).sum()) for code, label in enumerate(labels)}
    return counts | ({NO_CLASS: n} if (n := int((targets < 0).sum())) else {})


def size_counts(dataset: FaceDataset) -> Counter[tuple[int, int]]:
    """Count the images of each size, (height, width) in pixels.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 40), np.uint8), np.array(["a", "b"])
    >>> size_counts(FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names))
    Counter({(48, 40): 2})
    """
    sizes, first, counts = np.unique(dataset.shapes, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)  # equally frequent sizes are listed in the order of the faces
    return Counter({(int(sizes[k, 0]), int(sizes[k, 1])): int(counts[k]) for k in order})


def official_splits(dataset: FaceDataset) -> dict[str, NDArray[np.int64]]:
    """Map the name of each official split to its int64 positions, without empty splits.

    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names, official = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"]), np.array(["test", "train"])
    >>> dataset = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names, official)
    >>> {name: positions.tolist() for name, positions in official_splits(dataset).items()}
    {'train': [1], 'test': [0]}
    """
    if dataset.official is None:
        return {}
    splits = {split: np.flatnonzero(dataset.official == split) for split in SPLITS}
    return {split: indices for split, indices in splits.items() if len(indices)}


def draw_class_chart(dataset: FaceDataset, path: Path) -> None:
    """Draw a PNG with a bar for each class and a color for each official split.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OutputError: the file cannot be written.

    >>> import tempfile
    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dataset = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names)
    ...     draw_class_chart(dataset, Path(folder, "classes.png"))
    ...     Image.open(Path(folder, "classes.png")).format
    'PNG'
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("the class chart", "eval") from error
    splits = official_splits(dataset) or {"all faces": np.arange(len(dataset))}
    names = [*class_counts(dataset.targets, dataset.labels)]
    figure = Figure(figsize=(8, 0.42 * len(names) + 1.4), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(names))
    for (split, indices), color in zip(splits.items(), ("#33658a", "#f6ae2d", "#c8553d"), strict=False):
        counts = class_counts(dataset.targets[indices], dataset.labels)
        widths = np.array([counts.get(name, 0) for name in names])
        axes.barh(names, widths, left=left, label=f"{split} ({len(indices):,})", color=color)
        left += widths
    for row, total in enumerate(left):
        axes.annotate(f"{int(total):,}", (total, row), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("faces")
    axes.set_title(f"{dataset.spec}: {len(dataset):,} faces", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside lower center", ncols=len(splits), fontsize=9)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": MAKER})


def draw_montage(dataset: FaceDataset, path: Path, columns: int = 12) -> None:
    """Draw a PNG with a row of faces for each class, chosen with a fixed seed.

    Raises:
        OutputError: the file cannot be written.

    >>> import tempfile
    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dataset = FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names)
    ...     draw_montage(dataset, Path(folder, "faces.png"), columns=2)
    ...     Image.open(Path(folder, "faces.png")).size
    (302, 174)
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
