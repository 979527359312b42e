import pickle
import sys

import numpy as np

from ekspresi.datasets.image_files import pictures_in
from ekspresi.datasets.picture_lists import FilesBelow, PictureFiles


def test_picture_files_list_a_folder_as_pictures_in_does(tmp_path):
    for name in ("fear/b.jpg", "fear/a/z.PNG", "fear/a/.x.png", "fear/a.jpeg", "fear/a-1.png", "joy/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = PictureFiles(tmp_path)
    assert files.add_folder("f", tmp_path / "fear") == 4
    assert files.add_folder("j", tmp_path / "joy") == 1
    expected = [("f", path) for path in pictures_in(tmp_path / "fear")] + [("j", tmp_path / "joy" / "1.png")]
    assert list(files) == expected and files[1:3] == expected[1:3] and files[-1] == expected[-1]
    assert list(PictureFiles(tmp_path, expected)) == expected


def test_picture_files_take_little_memory(tmp_path):
    (tmp_path / "fear").mkdir()
    for k in range(200):
        (tmp_path / "fear" / f"{k:06}.png").touch()
    files = PictureFiles(tmp_path)
    files.add_folder("fear", tmp_path / "fear")
    size = sys.getsizeof(files.names) + sys.getsizeof(files.labels) + sum(map(sys.getsizeof, files.names))
    assert size < 100 * len(files)


def test_files_below_make_paths_on_access(tmp_path):
    files = FilesBelow(tmp_path, np.array(["a/b.png", "c.png"]))
    assert list(files) == [tmp_path / "a" / "b.png", tmp_path / "c.png"]
    assert list(files[1:]) == [tmp_path / "c.png"]
    assert list(pickle.loads(pickle.dumps(files))) == list(files)
