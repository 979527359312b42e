import numpy as np
from PIL import Image

from ekspresi.datasets.overview import (
    NO_CLASS,
    class_counts,
    draw_class_chart,
    draw_montage,
    official_splits,
    size_counts,
)
from ekspresi.datasets.registry import read
from tests.support.fake_faces import write_ferplus


def test_counts(tmp_path):
    dataset = read(f"ferplus:{write_ferplus(tmp_path, 'folders')}")
    counts = class_counts(dataset.targets, dataset.labels)
    assert list(counts) == [*dataset.labels, NO_CLASS]
    assert (counts["neutral"], counts["contempt"], counts["disgust"], counts[NO_CLASS]) == (4, 1, 0, 1)
    assert size_counts(dataset) == {(48, 48): 9}
    assert {side: len(indices) for side, indices in official_splits(dataset).items()} == {
        "train": 4,
        "validation": 2,
        "test": 3,
    }


def test_pictures_are_drawn(tmp_path):
    dataset = read(f"ferplus:{write_ferplus(tmp_path, 'folders')}")
    draw_class_chart(dataset, tmp_path / "chart.png")
    draw_montage(dataset, tmp_path / "montage.png", columns=3)
    with Image.open(tmp_path / "chart.png") as chart:
        assert chart.width > 800
    with Image.open(tmp_path / "montage.png") as montage:
        pixels = np.asarray(montage)
    # Four neutral faces, three places: the first row is full; nobody is disgusted: its row is empty.
    assert pixels[22:94, 150:374].std() > 10
    row = 22 + dataset.labels.index("disgust") * 76
    assert (pixels[row : row + 72, 150:] == 255).all()
