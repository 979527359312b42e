"""Make small fake data sets in the true on-disk formats."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FERPLUS_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def texture(seed: int, height: int = 48, width: int = 48) -> NDArray[np.uint8]:
    """Make a random picture with structure at several scales, as a face has, and no symmetry."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width))
    for cells in (3, 4, 6, 16):
        noise = Image.fromarray(rng.uniform(0, 255, (cells, cells)).astype(np.uint8))
        total += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC), dtype=float)
    return (total / 4).astype(np.uint8)


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def pixel_cell(pixels: NDArray[np.uint8]) -> str:
    return " ".join(map(str, pixels.ravel().tolist()))


def write_ckplus48(folder: Path) -> Path:
    """Write CK+48: 21 sequences of 12 subjects, three frames each, all seven classes."""
    classes = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    for number in range(21):
        subject, sequence = f"S{10 + number % 12:03d}", f"{1 + number // 12:03d}"
        for frame in (17, 18, 19):
            pixels = texture(number)
            pixels[:4, :4] = frame
            save(pixels, folder / classes[number % 7] / f"{subject}_{sequence}_{frame:08d}.png")
    return folder


@lru_cache(maxsize=1)
def portrait() -> NDArray[np.uint8]:
    """Cut out the astronaut's head and shoulders, RGB (400, 350, 3); the face is 145 px wide."""
    picture = Image.open(Path(__file__).parents[2] / "examples" / "astronaut.jpg").convert("RGB")
    return np.asarray(picture.crop((120, 0, 330, 240)).resize((350, 400), Image.Resampling.BICUBIC))


def ckplus_frame(seed: int, height: int = 490, face: bool = True) -> NDArray[np.uint8]:
    """Draw one frame of CK+, RGB (height, 640, 3): a gray wall, and a person placed by the seed."""
    wall = np.random.default_rng(seed).normal(90, 3, (height, 640, 1)).clip(0, 255).astype(np.uint8)
    frame = np.repeat(wall, 3, axis=2)
    if face:
        frame[height - 410 : height - 10, 100 + 5 * (seed % 30) :][:, :350] = portrait()
    return frame


CKPLUS_SEQUENCES: tuple[tuple[str, str, int, int | None], ...] = (
    # subject, sequence, number of frames, code of the emotion; None for a sequence without a label
    ("S005", "001", 11, 3),
    ("S010", "002", 6, 7),
    ("S010", "003", 2, None),
    ("S052", "001", 7, 1),
    ("S999", "001", 2, None),
)


def write_ckplus(folder: Path) -> Path:
    """Write CK+ as released: five sequences of four people, three labelled; S010 is in color.

    S010_003 has an empty folder of Emotion, S999_001 none at all; the hidden files that macOS leaves lie everywhere.
    """
    for number, (subject, sequence, frames, code) in enumerate(CKPLUS_SEQUENCES):
        name = f"{subject}_{sequence}"
        images, emotion = folder / "cohn-kanade-images" / subject / sequence, folder / "Emotion" / subject / sequence
        images.mkdir(parents=True)
        for frame in range(1, frames + 1):
            pixels = ckplus_frame(30 * number + frame, 480 if subject == "S010" else 490)
            pixels = pixels if subject == "S010" else np.asarray(Image.fromarray(pixels).convert("L"))
            Image.fromarray(pixels).save(images / f"{name}_{frame:08d}.png", compress_level=1)
        if subject != "S999":
            emotion.mkdir(parents=True)
        if code is not None:
            (emotion / f"{name}_{frames:08d}_emotion.txt").write_text(f"   {code}.0000000e+00\n")
            (emotion / f"._{name}_{frames:08d}_emotion.txt").write_bytes(b"\x00\x05\x16\x07\x00Mac OS X")
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        (place / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
    return folder


FERPLUS_ROWS: tuple[tuple[str, str, str, int], ...] = (
    # usage, image name, votes, seed of the picture
    ("Training", "fer0000000.png", "4,0,0,1,3,2,0,0,0,0", 100),
    ("Training", "fer0000001.png", "0,6,0,0,0,0,0,0,4,0", 101),
    ("Training", "", "0,0,0,0,0,0,0,0,0,10", 102),
    ("Training", "fer0000002.png", "5,5,0,0,0,0,0,0,0,0", 103),
    ("Training", "fer0000003.png", "0,0,0,9,1,0,0,0,0,0", 104),
    ("PublicTest", "fer0000004.png", "0,0,10,0,0,0,0,0,0,0", 105),
    ("PublicTest", "fer0000005.png", "1,1,1,1,1,1,1,1,1,1", 106),
    ("PrivateTest", "fer0000006.png", "5,0,0,1,1,0,0,0,3,0", 107),
    ("PrivateTest", "fer0000006.png", "0,0,0,0,0,0,0,0,0,10", 107),
    ("PrivateTest", "fer0000007.png", "0,0,0,0,0,0,0,8,1,1", 108),
)

PictureOf = Callable[[int], NDArray[np.uint8]]


def write_ferplus(folder: Path, form: str, picture: PictureOf = texture) -> Path:
    """Write FER+ as 'folders' or as 'csv', with a row without a name and an image named twice."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{usage},{name},{votes}" for usage, name, votes, _ in FERPLUS_ROWS]
    (folder / "fer2013new.csv").write_text("\n".join([FERPLUS_HEADER, *lines]) + "\n")
    if form == "csv":
        rows = [f"0,{pixel_cell(picture(seed))},{usage}" for usage, _, _, seed in FERPLUS_ROWS]
        (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    else:
        places = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
        for usage, name, _, seed in FERPLUS_ROWS:
            if name:
                save(picture(seed), folder / places[usage] / name)
    return folder
