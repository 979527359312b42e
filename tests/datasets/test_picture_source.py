import pickle

import numpy as np
import pytest

from ekspresi.datasets.image_files import read_gray
from ekspresi.datasets.lazy_images import read_blocks
from ekspresi.datasets.picture_source import PictureFileSource
from ekspresi.errors import ImageError
from tests.support.fake_faces import save, texture


def test_picture_file_source_has_a_block_for_each_file(tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(3)]
    for k in (0, 2):
        save(texture(k), paths[k])
    source = pickle.loads(pickle.dumps(PictureFileSource(paths, read_gray)))
    assert source.starts.tolist() == [0, 1, 2, 3] and source.load(2) == (paths[2],)
    np.testing.assert_array_equal(source.decode(2, paths[2]), texture(2))
    with pytest.raises(ImageError, match=r"1\.png: "):
        source.decode(1, paths[1])
    images, rows, skipped = read_blocks(source)
    assert len(images) == 2 and rows.tolist() == [0, 2] and len(skipped) == 1
