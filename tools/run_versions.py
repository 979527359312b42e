"""Run ekspresi's commands in the environment of this interpreter, and check what they write.

In: a folder to write in, the folder of example pictures, a network of the detector 'yunet' and a picture in which it
finds faces. Out: nothing if all is right; otherwise the command, its last lines, and the exit code 1.
``check_versions.py`` starts it in each environment. It needs all extras but [train].
"""

import argparse
import csv
import json
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from ekspresi.cli import app
from ekspresi.media.frames import read_frames
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session

FRAMES = 6
"""Frames of the small video."""
PATCHES = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (235, 235, 235), (20, 20, 20))
"""Colors of the stripes of the color chart, RGB."""
PATCH_PX, HEIGHT_PX = 32, 32
OFF_BY = 3
"""Largest error of a color that was read, of 255."""
LAST_LINES = 8
_BT709 = 1
"""FFmpeg's number of BT.709 as matrix, as primaries and as transfer."""
_LIMITED, _FULL = 1, 2
"""FFmpeg's numbers of the ranges of luma."""


class WrongError(Exception):
    """A command failed or wrote something wrong."""


def ekspresi(*words: str | Path) -> str:
    """Run the installed command; return its output.

    Raises:
        WrongError: its exit code is not 0.
    """
    command = Path(sysconfig.get_path("scripts")) / "ekspresi"
    done = subprocess.run([command, *words], capture_output=True, text=True)
    if done.returncode:
        shown = " ".join(map(str, words))
        last = (done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:]
        raise WrongError("\n".join([f"ekspresi {shown}: exit code {done.returncode}", *last]))
    return done.stdout


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List a command and all below it, each by the words that call it."""
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*words, name))


def check_helps() -> None:
    """Ask every command for its help."""
    known = list(commands(typer.main.get_command(app)))
    if ("predict",) not in known or ("data", "inspect") not in known:
        raise WrongError(f"commands: only {known} were found")
    for words in known:
        if "Usage" not in ekspresi(*words, "--help"):
            raise WrongError(f"ekspresi {' '.join(words)} --help: shows no usage")


def check_picture(folder: Path, picture: Path) -> None:
    """Recognize a picture: a table as CSV and as Parquet, an annotated picture, a page."""
    out = ("--annotate", folder / "pictures", "--page", folder / "picture.html")
    ekspresi("predict", picture, "--out", folder / "picture.csv", *out)
    with (folder / "picture.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    if not rows or not all(row["expression"] for row in rows):
        raise WrongError(f"predict {picture.name}: the table holds no face with an expression")
    with Image.open(next((folder / "pictures").glob("[!.]*"))) as drawn, Image.open(picture) as plain:
        if np.array_equal(np.asarray(drawn.convert("RGB").resize(plain.size)), np.asarray(plain.convert("RGB"))):
            raise WrongError(f"predict {picture.name} --annotate: nothing was drawn")
    _has(folder / "picture.html", "<html", picture.name)

    import pyarrow.parquet

    ekspresi("predict", picture, "--out", folder / "picture.parquet")
    stored = pyarrow.parquet.read_table(folder / "picture.parquet").num_rows
    if stored != len(rows):
        raise WrongError(f"predict {picture.name}: {stored} rows in Parquet, {len(rows)} in CSV")
    ekspresi("predict", picture, "--out", folder / "picture.xlsx")
    with zipfile.ZipFile(folder / "picture.xlsx") as book:
        stored = book.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1
    if stored != len(rows):
        raise WrongError(f"predict {picture.name}: {stored} rows in Excel, {len(rows)} in CSV")


def check_video(folder: Path, picture: Path) -> None:
    """Recognize a video: a table, a film, a page."""
    clip = folder / "clip.mp4"
    write_clip(clip, picture)
    out = ("--annotate", folder / "films", "--page", folder / "clip.html")
    ekspresi("predict", clip, "--out", folder / "clip.jsonl", *out)
    rows = [json.loads(line) for line in (folder / "clip.jsonl").read_text(encoding="utf-8").splitlines()]
    seen = {row["frame"] for row in rows if row["expression"] and row["track"] is not None}
    if seen != set(range(FRAMES)):
        raise WrongError(f"predict clip.mp4: faces in frames {sorted(seen)}, not in all {FRAMES}")
    with av.open(str(folder / "films" / "clip.mp4")) as film:
        shown = sum(1 for _ in film.decode(video=0))
    if shown != FRAMES:
        raise WrongError(f"predict clip.mp4 --annotate: the film has {shown} frames, not {FRAMES}")
    _has(folder / "clip.html", "<svg", clip.name)


def write_clip(path: Path, picture: Path) -> None:
    """Write a small H.264 video of a picture that moves to the right."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB").crop((0, 0, 448, 384)).resize((336, 288))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 288, "yuv420p"
        for number in range(FRAMES):
            moved = np.ascontiguousarray(np.asarray(image)[:, 16 - 2 * number :][:, :320])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode(None))


def check_colors(folder: Path) -> None:
    """Write lossless BT.709 videos of 8 and 10 bit and both ranges; read their colors back."""
    for bits, full in ((8, False), (8, True), (10, False), (10, True)):
        path = folder / f"colors-{bits}-{'full' if full else 'limited'}.mkv"
        write_chart(path, bits, full)
        image = next(iter(read_frames(path))).image
        for number, color in enumerate(PATCHES):
            left = number * PATCH_PX
            middle = image[8 : HEIGHT_PX - 8, left + 8 : left + PATCH_PX - 8].reshape(-1, 3).mean(axis=0)
            if np.abs(middle - color).max() > OFF_BY:
                read = tuple(round(float(value)) for value in middle)
                raise WrongError(f"{path.name}: the color {color} was read as {read} by PyAV {av.__version__}")


def write_chart(path: Path, bits: int, full: bool) -> None:
    """Write one frame of the stripes ``PATCHES`` with the codec FFV1, in numbers computed here.

    Args:
        path: a Matroska file.
        bits: 8 or 10 for each sample.
        full: whether luma has the full range, not the limited one.
    """
    form = "yuv420p" if bits == 8 else "yuv420p10le"
    values = np.array([luma_and_chroma(color, bits, full) for color in PATCHES])
    width = PATCH_PX * len(PATCHES)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = width, HEIGHT_PX, form
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _FULL if full else _LIMITED
        frame = av.VideoFrame(width, HEIGHT_PX, form)
        frame.colorspace, frame.color_range = context.colorspace, context.color_range
        frame.pts, frame.time_base = 0, Fraction(1, 5)
        for plane, channel, shrunk in zip(frame.planes, values.T, (1, 2, 2), strict=True):
            row = np.repeat(channel, PATCH_PX // shrunk).astype("u1" if bits == 8 else "<u2")
            lines = np.zeros((plane.height, plane.line_size), np.uint8)
            lines[:, : row.nbytes] = row.view(np.uint8)
            plane.update(lines.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def luma_and_chroma(color: tuple[int, int, int], bits: int, full: bool) -> NDArray[np.float64]:
    """Convert RGB of 0 to 255 by ITU-R BT.709 to whole numbers Y, Cb, Cr, float64 (3,)."""
    red, green, blue = (value / 255 for value in color)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = np.array([(blue - luma) / 1.8556, (red - luma) / 1.5748])
    step = 2 ** (bits - 8)
    top = 2**bits - 1
    if full:
        values = np.array([top * luma, *(top * chroma + 128 * step)], dtype=np.float64)
    else:
        values = step * np.array([16 + 219 * luma, *(128 + 224 * chroma)], dtype=np.float64)
    return np.rint(values, out=values)


def check_yunet(folder: Path, network: Path, picture: Path) -> None:
    """Find the faces of a picture with the detector 'yunet'."""
    detector = ("--detector", f"yunet:{network}", "--min-face-px", "40")
    ekspresi("predict", picture, *detector, "--out", folder / "yunet.csv")
    if len((folder / "yunet.csv").read_text(encoding="utf-8").splitlines()) < 2:
        raise WrongError(f"predict {picture.name} --detector yunet: found no face")


def check_measuring(folder: Path, picture: Path) -> None:
    """Inspect a small data set, and evaluate the bundled model on it."""
    with Image.open(picture) as opened:
        face = opened.convert("L").crop((178, 60, 267, 172))
    for shift, label in enumerate(("happiness", "neutral", "sadness")):
        (folder / "set" / label).mkdir(parents=True)
        for turn in range(4):
            face.rotate(3 * turn + 11 * shift).save(folder / "set" / label / f"{turn}.png")
    ekspresi("data", "inspect", f"folder:{folder / 'set'}", "--out", folder / "inspected")
    if not list((folder / "inspected").rglob("*.png")):
        raise WrongError("data inspect: wrote no chart")
    ekspresi("evaluate", f"folder:{folder / 'set'}", "--split", "all", "--out", folder / "report")
    _has(folder / "report" / "report.html", "<svg", "happiness")
    json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))


def check_portable(folder: Path, picture: Path) -> None:
    """Export the bundled model as a portable one, and run it."""
    path = folder / "portable.onnx"
    ekspresi("export", "--portable", "--out", path)
    image = np.asarray(Image.open(picture).convert("RGB"))
    session = create_session(str(path), device="cpu")
    (row,) = session.run(["probabilities"], {"image": image, "boxes": np.array([[178, 60, 267, 172]], np.float32)})[0]
    if row.argmax() != Recognizer().labels.index("happiness"):
        raise WrongError(f"{path.name}: does not find happiness in {picture.name}")


def _has(page: Path, *texts: str) -> None:
    content = page.read_text(encoding="utf-8") if page.is_file() else ""
    for text in texts:
        if text not in content:
            raise WrongError(f"{page.name}: the page does not hold {text!r}")


def main() -> None:
    """Check everything, the quickest first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, what in (
        ("folder", "to write in"),
        ("examples", "folder of the example pictures"),
        ("network", "of the detector 'yunet'"),
        ("faces", "picture in which that network finds faces"),
    ):
        parser.add_argument(name, type=Path, help=what)
    given = parser.parse_args()
    portrait = given.examples / "astronaut.jpg"
    try:
        check_colors(given.folder)
        check_picture(given.folder, portrait)
        check_video(given.folder, portrait)
        check_yunet(given.folder, given.network, given.faces)
        check_measuring(given.folder, portrait)
        check_portable(given.folder, portrait)
        check_helps()
    except WrongError as error:
        print(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
