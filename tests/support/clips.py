"""Write small videos for tests, by PyAV.

Each frame is one gray, ``10 * (number % 20) + 20``, with a red square in its upper left: its number and its
orientation can be read off.
"""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ekspresi.errors import EkspresiError
from ekspresi.media.timestamps import Window
from ekspresi.media.video_reader import video_frames
from ekspresi.types import Frame

WIDTH, HEIGHT = 64, 48


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    image = np.full((height, width, 3), gray(number), dtype=np.uint8)
    image[: height // 3, : width // 3] = (220, 30, 30)
    return image


def gray(number: int) -> int:
    return 10 * (number % 20) + 20


def number_of(image: NDArray[np.uint8]) -> int:
    """Read the number, modulo 20, that an upright frame shows."""
    return round((float(image[-8:, -8:].mean()) - 20) / 10)


def write_clip(
    path: Path,
    frames: int = 10,
    *,
    codec: str = "libx264",
    rate: int = 25,
    stamps_ms: Sequence[int] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    gop: int = 10,
    form: str | None = None,
    sound_s: float = 0.0,
    options: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames show their numbers.

    Args:
        path: its ending chooses the container.
        frames: how many.
        codec: FFmpeg's name of the encoder.
        rate: frames a second, where no stamps are given.
        stamps_ms: when each is shown.
        size: width and height.
        gop: frames from one key frame to the next.
        form: FFmpeg's name of the container, if the ending does not show it.
        sound_s: length of a silent sound track; none by default.
        options: of the container.
        encoder: options of the encoder.
    """
    with av.open(str(path), "w", format=form, options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=encoder or {})
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000) if stamps_ms else Fraction(1, rate)
        sound = container.add_stream("aac", rate=8000) if sound_s else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            frame.pts = stamps_ms[number] if stamps_ms else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _silence(container, sound, sound_s)
    return path


def write_moving_clip(path: Path, frames: int = 75, *, codec: str, encoder: dict[str, str] | None = None) -> Path:
    """Write a video of drifting texture, 320 x 240, whose frames depend on each other; one key frame, 25 a second."""
    texture = np.random.default_rng(0).integers(0, 256, (30, 120, 3), dtype=np.uint8).repeat(12, 0).repeat(12, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=encoder or {})
        stream.width, stream.height = 320, 240
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size, stream.bit_rate = frames, 1_500_000
        for number in range(frames):
            x, y = 7 * number, number
            image = np.ascontiguousarray(texture[y : y + 240, x : x + 320])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_still(path: Path, image: NDArray[np.uint8], frames: int = 2, *, rate: int = 25) -> Path:
    """Write a video that shows one picture, uint8 (H, W, 3) RGB with even sides, in every frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    with av.open(str(path), "w") as container:
        _silence(container, container.add_stream("aac", rate=8000), seconds)
    return path


def _silence(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples = np.zeros((1, int(8000 * seconds)), dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.rate = 8000
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def turned(source: Path, target: Path, a: int, b: int, c: int, d: int) -> Path:
    """Copy an MP4 file with a rotation in its header: a point moves to (a x + c y, b x + d y)."""
    content = bytearray(source.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    target.write_bytes(content)
    return target


def cut(source: Path, share: float = 0.5) -> Path:
    """Copy a file to one beside it that ends in the middle."""
    target = source.with_name(f"cut-{source.name}")
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def read_clip(path: Path, told: list[EkspresiError] | None = None, **window: float) -> list[Frame]:
    """Read the frames of a video; errors go to ``told``, where it is given."""
    return list(video_frames(path, window=Window(**window), refused=None if told is None else told.append))
