"""Make small fakes of data sets of the wild and of laboratories, in their true on-disk formats."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.drawn_faces import draw_face
from tests.support.fake_faces import portrait

WORDS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
"""Class folders of SFEW, as its makers name them."""

RAFDB_LINES = ("train_00001.jpg 5", "train_00002.jpg 4", "train_00003.jpg 7", "test_0001.jpg 1", "test_0002.jpg 6")


def save_drawn(path: Path, seed: int, width: int = 100, height: int = 100) -> None:
    """Save a drawn face, RGB."""
    face = draw_face(seed % 7, np.random.default_rng(seed)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    face.resize((width, height)).save(path)


def scene(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw a wall with the one person that the repository ships, in whole height, RGB (height, width, 3)."""
    person = Image.fromarray(portrait())
    person = person.resize((round(person.width * height / person.height), height))
    picture = Image.new("RGB", (max(width, person.width), height), (90, 90, 90 + seed % 60))
    picture.paste(person, ((picture.width - person.width) // 2, 0))
    left = (picture.width - width) // 2
    return np.asarray(picture.crop((left, 0, left + width, height)))


def save_scene(path: Path, width: int, height: int, seed: int = 0, gray: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(scene(width, height, seed))
    (picture.convert("L") if gray else picture).save(path)


def write_rafdb(folder: Path, pictures: str = "aligned") -> Path:
    """Write RAF-DB's basic/ with 'aligned' pictures, or 'original' ones with their boxes."""
    (folder / "EmoLabel").mkdir(parents=True)
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(RAFDB_LINES) + "\n")
    for seed, line in enumerate(RAFDB_LINES):
        stem = line.partition(".")[0]
        if pictures == "aligned":
            save_drawn(folder / "Image" / "aligned" / f"{stem}_aligned.jpg", seed)
        else:
            save_drawn(folder / "Image" / "original" / f"{stem}.jpg", seed, 300, 200)
            boxes = folder / "Annotation" / "boundingbox"
            boxes.mkdir(parents=True, exist_ok=True)
            (boxes / f"{stem}_boundingbox.txt").write_text("100.0 50.0 180.0 140.0 \n")
    return folder


def write_rafdb_folders(folder: Path) -> Path:
    """Write RAF-DB as passed on: train/1 to test/7, two pictures each, beside its csv files."""
    for side in ("train", "test"):
        for code in range(1, 8):
            for number in (1, 2):
                save_drawn(folder / side / str(code) / f"{side}_{code}{number}_aligned.jpg", 10 * code + number)
    (folder.parent / "train_labels.csv").write_text("image,label\ntrain_11_aligned.jpg,1\n")
    return folder


AFFECTNET_HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
)


def write_affectnet_lists(folder: Path) -> Path:
    """Write AffectNet of 2017: the eight expressions and the three codes that are none, in training and validation."""
    for name, side in (("training", 1), ("validation", 2)):
        lines = [AFFECTNET_HEADER]
        for code in range(11):
            file = f"{side}/{side}{code:02d}f.jpg"
            lines.append(f"{file},20,10,60,70,181.64;530.91,{code},0.5,-0.05")
            save_drawn(folder / "Manually_Annotated" / "Manually_Annotated_Images" / file, code)
        lists = folder / "Manually_Annotated_file_lists"
        lists.mkdir(exist_ok=True)
        (lists / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_affectnet_sets(folder: Path) -> Path:
    """Write AffectNet of 2021: sixteen faces of training, eight of validation, with all four annotations."""
    for side, count in (("train_set", 16), ("val_set", 8)):
        annotations = folder / side / "annotations"
        annotations.mkdir(parents=True)
        for number in range(count):
            save_drawn(folder / side / "images" / f"{number}.jpg", number, 224, 224)
            np.save(annotations / f"{number}_exp.npy", np.array(str(number % 8)))
            np.save(annotations / f"{number}_val.npy", np.array("0.25"))
            np.save(annotations / f"{number}_aro.npy", np.array("-0.5"))
            np.save(annotations / f"{number}_lnd.npy", np.zeros(136))
    return folder


JAFFE_NAMES = ("KA.AN1.39", "KA.AN2.40", "KL.HA1.158", "YM.FE4.70", "NA.NE1.199", "TM.SU2.191")


def write_jaffe(folder: Path) -> Path:
    """Write six pictures of JAFFE, of five posers, beside its text."""
    for seed, name in enumerate(JAFFE_NAMES):
        save_scene(folder / f"{name}.tiff", 256, 256, seed, gray=True)
    (folder / "README_FIRST.txt").write_text("Terms of use\n")
    return folder


KDEF_NAMES = ("AF01ANS", "BF01AFS", "AM31HAHL", "AM31SAFR", "BM31SUS")


def write_kdef(folder: Path) -> Path:
    """Write five pictures of KDEF, of two people, in their folders; the full profile shows no face."""
    for seed, name in enumerate(KDEF_NAMES):
        path = folder / name[:4] / f"{name}.JPG"
        save_scene(path, 562, 762, seed)
        if name.endswith("FR"):
            Image.new("RGB", (562, 762), (90, 90, 90)).save(path)
    return folder


EXPW_LINES = (
    "angry_actor_13.jpg 0 20 30 110 100 44.5 0",
    "angry_actor_13.jpg 1 10 150 200 60 21.0 6",
    "surprise_crowd_7.jpg 0 40 60 120 140 30.25 5",
)


def write_expw(folder: Path) -> Path:
    """Write ExpW: three faces in two pictures."""
    (folder / "label").mkdir(parents=True)
    (folder / "label" / "label.lst").write_text("\n".join(EXPW_LINES) + "\n")
    for seed, name in enumerate(dict.fromkeys(line.split()[0] for line in EXPW_LINES)):
        save_drawn(folder / "image" / "origin" / name, seed, 240, 160)
    return folder


def write_sfew(folder: Path, form: str = "aligned") -> Path:
    """Write SFEW 2.0, its 'aligned' faces or its whole 'frames': a picture of each class on both sides."""
    for side in ("Train", "Val"):
        top = folder / (f"{side}_Aligned_Faces" if form == "aligned" else side)
        for seed, word in enumerate(WORDS):
            path = top / word / f"{side}Film_00051924{seed}_00000005.png"
            if form == "aligned":
                save_drawn(path, seed, 143, 181)
            else:
                save_scene(path, 360, 288, seed)
    return folder


def write_caers(folder: Path) -> Path:
    """Write CAER-S: a frame of each class in train and test."""
    for side in ("train", "test"):
        for seed, word in enumerate(("Anger", *WORDS[1:])):
            save_scene(folder / side / word / f"{seed + 1:04d}.png", 356, 200, seed)
    return folder
