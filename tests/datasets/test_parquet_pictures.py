import io
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets import parquet_pictures
from ekspresi.datasets.lazy_images import LazyImages, read_blocks
from ekspresi.datasets.parquet_pictures import ParquetPictures
from ekspresi.errors import DatasetError, ImageError
from tests.support.fake_faces import texture
from tests.support.lazy_sets import hold_nothing

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

PICTURES = [texture(seed, 20 + seed % 3, 24) for seed in range(60)]


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def read(name, data):
    try:
        return np.array(Image.open(io.BytesIO(data)))
    except OSError as error:
        raise ImageError(f"{name}: is no picture.") from error


def write(file, images, rows, struct=False):
    cells = [png(image) if isinstance(image, np.ndarray) else image for image in images]
    column = [{"bytes": cell, "path": "x"} for cell in cells] if struct else cells
    table = pa.table({"label": ["fear"] * len(cells), "image": column})
    pq.write_table(table, file, row_group_size=rows)
    return file


@pytest.fixture
def files(tmp_path):
    return [
        write(tmp_path / "a.parquet", PICTURES[:25], 10),
        write(tmp_path / "b.parquet", PICTURES[25:], 100, struct=True),
    ]


def assert_pictures(images, expected):
    assert len(images) == len(expected)
    for one, two in zip(images, expected, strict=True):
        np.testing.assert_array_equal(one, two)


def test_parquet_pictures_give_a_block_for_each_row_group(files):
    source = ParquetPictures(files, read)
    assert source.starts.tolist() == [0, 10, 20, 25, 60]
    assert [len(source.load(block)) for block in (3, 0, 2, 1)] == [35, 10, 5, 10]
    assert_pictures(read_blocks(source)[0], PICTURES)


def test_huge_row_groups_are_cut_and_read_once_in_order(files, monkeypatch):
    monkeypatch.setattr(parquet_pictures, "LARGEST_BLOCK", 4000)
    opened = []
    cells = parquet_pictures._cells
    monkeypatch.setattr(parquet_pictures, "_cells", lambda *asked: opened.append(asked[-1]) or cells(*asked))
    source = ParquetPictures(files, read)
    sizes = np.diff(source.starts)
    assert sizes.max() < 10 and sizes.sum() == 60
    hold_nothing(monkeypatch)
    images = read_blocks(source)[0]
    assert opened == [0, 1, 2, 0]  # each group once
    assert_pictures([images[k] for k in (59, 0, 30, 31)], [PICTURES[k] for k in (59, 0, 30, 31)])


def test_parquet_pictures_that_are_none_are_named(tmp_path):
    file = write(tmp_path / "a.parquet", [PICTURES[0], b"text", None, PICTURES[1]], 2)
    other = write(tmp_path / "b.parquet", [b""], 2)
    images, rows, skipped = read_blocks(ParquetPictures([file, other], read))
    assert rows.tolist() == [0, 3] and len(images) == 2
    assert skipped == [
        f"{file} row 1: is no picture.",
        f"{file} row 2: is no picture.",
        f"{other} row 0: is no picture.",
    ]


def test_parquet_pictures_are_shared_by_threads_and_processes(files, monkeypatch):
    hold_nothing(monkeypatch)
    monkeypatch.setattr(parquet_pictures, "LARGEST_BLOCK", 8000)
    images = read_blocks(ParquetPictures(files, read))[0]
    assert isinstance(images, LazyImages)
    order = np.random.default_rng(0).integers(0, 60, 100).tolist()
    with ThreadPoolExecutor(4) as pool:
        assert_pictures(list(pool.map(images.__getitem__, order)), [PICTURES[k] for k in order])
    assert_pictures(pickle.loads(pickle.dumps(images)), PICTURES)
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            os._exit(0 if all(np.array_equal(images[k], PICTURES[k]) for k in (59, 0, 30)) else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_parquet_files_that_cannot_be_read_are_named(tmp_path, files):
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(DatasetError, match=r"text\.parquet: is not a readable Parquet file\."):
        ParquetPictures([tmp_path / "text.parquet"], read)
    with pytest.raises(DatasetError, match=r"a\.parquet: column face missing\. Give it that column\."):
        ParquetPictures(files, read, column="face")
    source = ParquetPictures(files, read)
    files[1].write_bytes(files[1].read_bytes()[:500])
    with pytest.raises(DatasetError, match=r"b\.parquet: row group 0 cannot be read \(.*\)\. Copy the file again"):
        source.load(3)
