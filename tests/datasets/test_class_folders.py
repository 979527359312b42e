import numpy as np
import pytest

from ekspresi.datasets.class_folders import (
    HARD_VOTES,
    LabelledFace,
    no_other_votes,
    one_hot,
    read_faces,
    read_hard_labelled,
    required_classes,
    split_folders,
)
from ekspresi.datasets.image_files import read_gray
from ekspresi.errors import DatasetError, ImageError
from tests.support.fake_faces import save, texture


def make_folders(parent, *names):
    for name in names:
        (parent / name).mkdir()


def test_split_folders_knows_the_usual_names(tmp_path):
    make_folders(tmp_path, "Train", "VALID", "test", ".cache")
    found = [(split, folder.name) for split, folder in split_folders(tmp_path)]
    assert found == [("train", "Train"), ("validation", "VALID"), ("test", "test")]


def test_split_folders_with_classes_only_is_empty(tmp_path):
    make_folders(tmp_path, "anger", "fear")
    assert split_folders(tmp_path) == []


def test_split_folders_two_of_one_split_are_refused(tmp_path):
    make_folders(tmp_path, "train", "val", "validation")
    with pytest.raises(DatasetError, match=r"two folders of one split \(train, val, validation\)\. Keep one\.$"):
        split_folders(tmp_path)


def test_required_classes_are_in_label_order(tmp_path):
    for name in ("angry/b.png", "angry/a.png", "Happy/clip/c.jpg"):
        save(texture(0, 4, 4), tmp_path / name)
    found = required_classes(tmp_path, ("happiness", "anger"))
    assert [(label, file.relative_to(tmp_path).as_posix()) for label, file in found] == [
        ("happiness", "Happy/clip/c.jpg"),
        ("anger", "angry/a.png"),
        ("anger", "angry/b.png"),
    ]


def test_required_classes_names_every_class_without_pictures(tmp_path):
    save(texture(0, 4, 4), tmp_path / "fear" / "a.png")
    make_folders(tmp_path, "anger")
    with pytest.raises(DatasetError, match=r"no pictures of anger, sadness\. Give a folder .* anger, fear, sadness\.$"):
        required_classes(tmp_path, ("anger", "fear", "sadness"))


def test_one_hot_repeats_and_orders_by_label():
    votes = one_hot(["c", "a", "c"], ("a", "b", "c"))
    assert votes.dtype == np.float32
    assert (votes / HARD_VOTES).tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert one_hot([], ("a", "b")).shape == (0, 2)


def test_no_other_votes_joins_with_votes():
    assert np.concatenate([one_hot(["a"], ("a", "b")), no_other_votes(1)], axis=1).shape == (1, 2)


def test_read_hard_labelled_keeps_rows_aligned(tmp_path):
    files = [(label, tmp_path / label / f"{number}.png") for number, label in enumerate(("fear", "anger", "fear"))]
    for number, (_, file) in enumerate(files):
        save(texture(number), file)
    files[0][1].write_text("no picture")
    dataset = read_hard_labelled("made", tmp_path, ("anger", "fear"), files, ["train", "test", "train"])
    assert dataset.spec == f"made:{tmp_path}"
    assert dataset.names.tolist() == ["anger/1.png", "fear/2.png"]
    assert dataset.official.tolist() == ["test", "train"]
    assert dataset.targets.tolist() == dataset.majority_targets.tolist() == [0, 1]
    assert np.array_equal(dataset.images, np.stack([texture(1), texture(2)]))
    (line,) = dataset.skipped
    assert "fear/0.png" in line


def test_read_hard_labelled_uses_the_given_reader(tmp_path):
    def read(path):
        if path.name == "b.png":
            raise ImageError(f"{path}: no face was found. Remove it.")
        return texture(3, 8, 8)

    files = [("anger", tmp_path / "a.png"), ("fear", tmp_path / "b.png")]
    dataset = read_hard_labelled("made", tmp_path, ("anger", "fear"), files, read=read)
    assert np.array_equal(dataset.images, texture(3, 8, 8)[None])
    assert dataset.skipped == (f"{tmp_path / 'b.png'}: no face was found. Remove it.",)
    assert dataset.official is None


def test_required_classes_takes_codes_and_words(tmp_path):
    for folder in ("1", "fear"):
        save(texture(0), tmp_path / folder / "a.png")
    files = required_classes(tmp_path, ("surprise", "fear"), {"1": "surprise", "2": "fear"})
    assert [(label, file.parent.name) for label, file in files] == [("surprise", "1"), ("fear", "fear")]
    save(texture(0), tmp_path / "2" / "a.png")
    with pytest.raises(DatasetError, match="both '2' and 'fear' mean fear"):
        required_classes(tmp_path, ("surprise", "fear"), {"1": "surprise", "2": "fear"})


def test_read_faces_takes_the_first_of_one_name(tmp_path):
    save(texture(0), tmp_path / "a.png")
    save(texture(1), tmp_path / "b.png")
    faces = [LabelledFace(label, tmp_path / file, "a") for label, file in (("anger", "a.png"), ("fear", "b.png"))]
    other = LabelledFace("fear", tmp_path / "b.png", "b")
    dataset = read_faces("made", tmp_path, ("anger", "fear"), [faces[0], other, *faces], read_gray)
    assert (dataset.names.tolist(), dataset.targets.tolist()) == (["a", "b"], [0, 1])
    assert np.array_equal(dataset.images[0], texture(0))
    assert dataset.skipped == ("a: has 3 entries; the first is used",)


def test_read_faces_keeps_what_every_face_states(tmp_path):
    for name in ("a.png", "c.png"):
        save(texture(0), tmp_path / name)
    faces = [
        LabelledFace("fear", tmp_path / name, name, split="test", subject=subject, sequence=name)
        for name, subject in (("a.png", "S1"), ("b.png", "S2"), ("c.png", ""))
    ]
    dataset = read_faces("made", tmp_path, ("anger", "fear"), faces, read_gray, ["row 7: is empty"])
    assert dataset.names.tolist() == dataset.sequences.tolist() == ["a.png", "c.png"]
    assert dataset.official.tolist() == ["test", "test"]
    assert dataset.subjects is None  # one is unknown
    assert dataset.skipped[0] == "row 7: is empty"
    assert "b.png" in dataset.skipped[1]
