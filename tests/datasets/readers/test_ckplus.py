import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets.leakage import audit_datasets
from ekspresi.datasets.registry import read
from ekspresi.detection.detector import make_detector
from ekspresi.detection.mtcnn import MtcnnDetector
from ekspresi.errors import DatasetError
from ekspresi.evaluation.views import select_counted_labels
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS, SHARED_LABELS
from ekspresi.imaging.cropping import CropConvention
from tests.support.fake_faces import ckplus_frame, save, write_ckplus, write_ckplus48


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_ckplus(tmp_path_factory.mktemp("release") / "CK+")


@pytest.fixture
def folder(release, tmp_path):
    """The release, to be broken."""
    return shutil.copytree(release, tmp_path / "CK+")


def emotion(folder, subject="S005", sequence="001"):
    return next((folder / "Emotion" / subject / sequence).glob("S*_emotion.txt"))


def frame(folder, name):
    subject, sequence, _ = name.split("_")
    return folder / "cohn-kanade-images" / subject / sequence / f"{name}.png"


def numbers(dataset):
    """Sequence -> the numbers of its frames, in order."""
    found = {}
    for name in dataset.names.tolist():
        subject, sequence, number = name.rpartition("/")[2].removesuffix(".png").split("_")
        found.setdefault(f"{subject}_{sequence}", []).append(int(number))
    return found


def test_reads_the_last_three_frames_of_the_labelled_sequences(release):
    dataset = read(f"ckplus:{release}")
    assert numbers(dataset) == {"S005_001": [9, 10, 11], "S010_002": [4, 5, 6], "S052_001": [5, 6, 7]}
    assert dataset.names[0] == "cohn-kanade-images/S005/001/S005_001_00000009.png"
    assert dataset.labels == ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
    assert dataset.targets.tolist() == [2] * 3 + [6] * 3 + [0] * 3
    assert dataset.majority_targets.tolist() == dataset.targets.tolist()
    assert dataset.subjects.tolist() == ["S005"] * 3 + ["S010"] * 3 + ["S052"] * 3
    assert dataset.sequences.tolist() == ["S005_001"] * 3 + ["S010_002"] * 3 + ["S052_001"] * 3
    assert dataset.official is None
    assert dataset.skipped == ()


def test_every_code_is_its_expression(release, tmp_path):
    words = ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"]
    source = frame(release, "S005_001_00000011")
    for code, word in enumerate(words, start=1):
        below = tmp_path / "Emotion" / f"S{code:03d}" / "001"
        below.mkdir(parents=True)
        (below / f"S{code:03d}_001_00000008_emotion.txt").write_text(f"   {code}.0000000e+00")
        target = frame(tmp_path, f"S{code:03d}_001_00000008")
        target.parent.mkdir(parents=True)
        shutil.copy(source, target)
        dataset = read(f"ckplus:{tmp_path}?frames=1")
        assert dataset.labels[dataset.targets[-1]] == word


def test_faces_are_cut_from_the_frames_as_they_are(release):
    dataset = read(f"ckplus:{release}?frames=1")
    for position, name in enumerate(("S005_001_00000011", "S010_002_00000006", "S052_001_00000007")):
        image = np.asarray(Image.open(frame(release, name)).convert("RGB"))
        (face,) = make_detector("mtcnn").detect(image)
        crop = dataset.images[position]
        assert crop.dtype == np.uint8
        assert crop.shape[0] == crop.shape[1]
        expected = CropConvention().crop(image, face.box_xyxy)
        # Looked for from 60 px here, from 12 px there: the box moves by a few of its 180 pixels.
        assert abs(len(crop) - len(expected)) <= 6
        side = 24
        small, wanted = (np.asarray(Image.fromarray(c).resize((side, side)), dtype=float) for c in (crop, expected))
        assert np.corrcoef(small.ravel(), wanted.ravel())[0, 1] > 0.97


def test_of_two_faces_the_largest_is_taken(folder):
    path = frame(folder, "S005_001_00000011")
    pixels = ckplus_frame(0)
    small = Image.fromarray(pixels[80:480, 100:450]).resize((175, 200))
    pixels[10:210, 460:635] = np.asarray(small)
    assert len(make_detector("mtcnn", 60).detect(pixels)) == 2
    save(pixels, path)
    assert len(read(f"ckplus:{folder}?frames=1").images[0]) > 140


def test_frames_and_neutral_are_options(release):
    dataset = read(f"ckplus:{release}?frames=2&neutral=yes")
    assert numbers(dataset) == {"S005_001": [1, 10, 11], "S010_002": [1, 5, 6], "S052_001": [1, 6, 7]}
    assert dataset.labels == (*CKPLUS_LABELS, "neutral")
    assert dataset.targets.tolist() == [7, 2, 2, 7, 6, 6, 7, 0, 0]
    assert dataset.spec == f"ckplus:{release}?frames=2&neutral=yes"
    assert read(dataset.spec).fingerprint == dataset.fingerprint
    assert read(f"ckplus:{release}?neutral=no").labels == CKPLUS_LABELS


def test_the_first_frame_is_never_an_expression(release):
    for options in ("frames=99", "frames=99&neutral=yes"):
        dataset = read(f"ckplus:{release}?{options}")
        assert numbers(dataset)["S010_002"][-5:] == [2, 3, 4, 5, 6]
        firsts = [name.endswith("_00000001.png") for name in dataset.names.tolist()]
        assert np.flatnonzero(firsts).tolist() == np.flatnonzero(dataset.targets == 7).tolist()


def test_a_second_reading_calls_no_detector_but_for_what_is_new(folder, monkeypatch):
    calls = []
    real = MtcnnDetector.detect
    monkeypatch.setattr(MtcnnDetector, "detect", lambda self, image: calls.append(1) or real(self, image))
    first = read(f"ckplus:{folder}?frames=2")
    assert len(calls) == 6
    assert read(f"ckplus:{folder}?frames=2").fingerprint == first.fingerprint
    read(f"ckplus:{folder}?frames=1")
    assert len(calls) == 6
    read(f"ckplus:{folder}?frames=2&neutral=yes")
    assert len(calls) == 9
    save(ckplus_frame(29), frame(folder, "S005_001_00000011"))
    assert read(f"ckplus:{folder}?frames=2").fingerprint != first.fingerprint
    assert len(calls) == 10


@pytest.mark.parametrize(
    "content",
    [
        "",
        "anger",
        "8.0000000e+00",
        "-1.0",
        "3.5",
        "nan",
        "1e999",
        "3.0 4.0",
        "3.0000000e+00\n5.0000000e+00",
        "\xff\xfe3",
    ],
)
def test_a_label_that_cannot_be_understood_is_reported(folder, content):
    emotion(folder).write_bytes(content.encode("latin-1"))
    dataset = read(f"ckplus:{folder}?frames=1")
    assert list(numbers(dataset)) == ["S010_002", "S052_001"]
    (line,) = dataset.skipped
    assert line.startswith(f"{emotion(folder)}: its content is not one of the codes 0..7")
    assert "\n" not in line


def test_a_label_that_cannot_be_opened_is_reported(folder):
    file = emotion(folder)
    file.unlink()
    file.mkdir()
    (line,) = read(f"ckplus:{folder}?frames=1").skipped
    assert line.startswith(f"{file}: cannot be read (")


def test_a_sequence_labelled_neutral_counts_with_neutral_only(folder):
    emotion(folder).write_text("   0.0000000e+00\n")
    (line,) = read(f"ckplus:{folder}?frames=1").skipped
    assert "neutral=yes" in line
    dataset = read(f"ckplus:{folder}?frames=1&neutral=yes")
    assert dataset.skipped == ()
    assert dataset.targets.tolist()[:2] == [7, 7]


def test_two_labels_are_reported(folder):
    file = emotion(folder)
    shutil.copy(file, file.with_name("S005_001_00000012_emotion.txt"))
    dataset = read(f"ckplus:{folder}?frames=1")
    assert list(numbers(dataset)) == ["S010_002", "S052_001"]
    assert [line.split(": ")[1] for line in dataset.skipped] == ["holds 2 labels; keep the one of the release"]


@pytest.mark.parametrize(
    "name", ["S053_001_00000007_emotion.txt", "S052_001_emotion.txt", "S052_001_00000001_emotion.txt", "notes.txt"]
)
def test_a_label_of_another_name_is_reported(folder, name):
    file = emotion(folder, "S052")
    file.rename(file.with_name(name))
    dataset = read(f"ckplus:{folder}?frames=1")
    assert list(numbers(dataset)) == ["S005_001", "S010_002"]
    (line,) = dataset.skipped
    assert line.startswith(f"{file.with_name(name)}: this is not the name of a label of S052_001")


def test_a_folder_that_is_no_subject_is_reported(folder):
    (folder / "Emotion" / "S052").rename(folder / "Emotion" / "S052_old")
    file = emotion(folder, "S052_old")
    file.rename(file.with_name("S052_old_001_00000007_emotion.txt"))
    (line,) = read(f"ckplus:{folder}?frames=1").skipped
    assert "this is not the name of a label of S052_old_001" in line


def test_a_missing_frame_and_one_without_a_face_are_reported(folder):
    frame(folder, "S005_001_00000010").unlink()
    save(ckplus_frame(3, face=False), frame(folder, "S052_001_00000005"))
    frame(folder, "S052_001_00000006").write_bytes(b"")
    dataset = read(f"ckplus:{folder}")
    # No frame is taken in the place of one that is missing.
    assert numbers(dataset) == {"S005_001": [9, 11], "S010_002": [4, 5, 6], "S052_001": [7]}
    assert [line.split(": ")[0] for line in dataset.skipped] == [
        str(frame(folder, name)) for name in ("S005_001_00000010", "S052_001_00000005", "S052_001_00000006")
    ]
    assert [line.split(": ")[1][:13] for line in dataset.skipped] == ["no such file.", "no face was f", "is empty (0 b"]


def test_a_sequence_without_its_pictures_is_reported(folder):
    shutil.rmtree(folder / "cohn-kanade-images" / "S052")
    assert len(read(f"ckplus:{folder}").skipped) == 3


@pytest.mark.parametrize("missing", ["cohn-kanade-images", "Emotion"])
def test_a_missing_folder_is_named(folder, missing):
    shutil.rmtree(folder / missing)
    with pytest.raises(DatasetError, match=rf"no folder {missing}\. Give the folder that holds"):
        read(f"ckplus:{folder}")


def test_no_label_at_all(folder):
    for file in folder.glob("Emotion/*/*/S*"):
        file.unlink()
    with pytest.raises(DatasetError, match=r"Emotion: no labelled sequence\. Copy the release again\.$"):
        read(f"ckplus:{folder}")
    emotion_file = folder / "Emotion" / "S005" / "001" / "S005_001_00000011_emotion.txt"
    emotion_file.write_text("9")
    with pytest.raises(DatasetError, match=r"no labelled sequence; the first of 1 skipped files is .*codes 0\.\.7"):
        read(f"ckplus:{folder}")


def test_no_face_at_all(folder):
    shutil.rmtree(folder / "cohn-kanade-images")
    (folder / "cohn-kanade-images").mkdir()
    with pytest.raises(DatasetError, match="none of its 9 pictures can be read; first: "):
        read(f"ckplus:{folder}")


def test_people_are_named_as_in_ckplus48(release, tmp_path):
    here = read(f"ckplus:{release}?frames=1")
    there = read(f"ckplus48:{write_ckplus48(tmp_path)}")
    known = Counter({leak.reason: leak.faces for leak in audit_datasets(there, here) if leak.split == here.spec})
    assert known["subject"] == 1  # S010
    assert known["sequence"] == 1  # S010_002


def test_labels_that_count_for_a_model_that_knows_neutral(release):
    seven, eight = (read(f"ckplus:{release}?frames=1{more}").labels for more in ("", "&neutral=yes"))
    assert set(select_counted_labels(FERPLUS_LABELS, seven)) == set(SHARED_LABELS)
    assert select_counted_labels(FERPLUS_LABELS, eight) == FERPLUS_LABELS
    assert select_counted_labels(CKPLUS_LABELS, eight) == CKPLUS_LABELS
