"""Colors of decoded frames: by the matrix, range, depth and curve that they state, transparent ones on white."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("av", reason="extra [video]")

import av

from tests.support.clips import read_clip

PATCHES = np.array([(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 30, 30), (30, 200, 30), (220, 180, 150)])
PATCH_PX = 16
WEIGHTS = {5: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}  # of red and blue: BT.601, BT.709, BT.2020


def chart(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Lay values, (6, channels), side by side as (H, W, channels)."""
    return np.ascontiguousarray(np.tile(values.repeat(PATCH_PX, axis=0), (PATCH_PX, 1, 1)))


def shown(path: Path) -> NDArray[np.int64]:
    image = read_clip(path)[0].image
    return image[PATCH_PX // 2, PATCH_PX // 2 :: PATCH_PX].astype(int)


def yuv(rgb: NDArray[np.floating], matrix: int, limited: bool, bits: int) -> NDArray[np.generic]:
    """Encode RGB, 0..1, as the standards of the matrices define it."""
    red, blue = WEIGHTS[matrix]
    luma = rgb @ np.array([red, 1 - red - blue, blue])
    chroma = [(rgb[:, 2] - luma) / (1 - blue) / 2, (rgb[:, 0] - luma) / (1 - red) / 2]
    unit = 2.0 ** (bits - 8)
    scale_y, scale_c, offset = (219 * unit, 224 * unit, 16 * unit) if limited else (2**bits - 1, 2**bits - 1, 0)
    planes = [luma * scale_y + offset, *(plane * scale_c + 128 * unit for plane in chroma)]
    kind = np.uint8 if bits == 8 else np.uint16
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 2**bits - 1).astype(kind)


def write_frames(path: Path, frame: av.VideoFrame, codec: str = "ffv1", tag: str = "", **colors: int) -> Path:
    """Write a frame twice, with what its stream states of its colors."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        if tag:
            stream.metadata[tag] = "1"
        for name, value in colors.items():
            setattr(stream.codec_context, name, value)
            setattr(frame, name, value)
        for number in range(2):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def yuv_frame(rgb: NDArray[np.floating], matrix: int, limited: bool, bits: int) -> av.VideoFrame:
    planes = np.ascontiguousarray(chart(yuv(rgb, matrix, limited, bits)).transpose(2, 0, 1))
    if bits == 8:
        return av.VideoFrame.from_ndarray(planes, format="yuv444p")
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(planes.transpose(1, 2, 0)), format="yuv444p16le")


@pytest.mark.input_row(
    "videos", "color matrix", "BT.601, BT.709 and BT.2020, as the video states; BT.601 where it states none."
)
@pytest.mark.parametrize("matrix", [5, 1, 9])
@pytest.mark.parametrize("limited", [True, False])
def test_frame_converter_follows_matrix_and_range(matrix: int, limited: bool, tmp_path: Path) -> None:
    frame = yuv_frame(PATCHES / 255, matrix, limited, bits=8)
    path = write_frames(tmp_path / "a.mkv", frame, colorspace=matrix, color_range=1 if limited else 2)
    assert np.abs(shown(path) - PATCHES).max() <= 3


@pytest.mark.input_row("videos", "bit depth", "Scaled to 8 bits a channel.")
def test_frame_converter_of_16_bits_scales_them(tmp_path: Path) -> None:
    frame = yuv_frame(PATCHES / 255, 1, True, bits=16)
    path = write_frames(tmp_path / "a.mkv", frame, colorspace=1, color_range=1)
    assert np.abs(shown(path) - PATCHES).max() <= 3


@pytest.mark.input_row("videos", "color range", "Limited or full, as the video states, also of gray video.")
@pytest.mark.parametrize(("color_range", "ends"), [(1, (0, 255)), (2, (16, 235))])
def test_frame_converter_stretches_limited_gray(color_range: int, ends: tuple[int, int], tmp_path: Path) -> None:
    gray = np.full((16, 32), 16, np.uint8)
    gray[:, 16:] = 235
    frame = av.VideoFrame.from_ndarray(gray, format="gray")
    image = read_clip(write_frames(tmp_path / "a.mkv", frame, color_range=color_range))[0].image
    assert [tuple(image[8, x]) for x in (8, 24)] == [(end, end, end) for end in ends]


def pq(nits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Encode luminance as SMPTE ST 2084 defines it."""
    power = (nits / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Encode scene light, 0..1, as ITU-R BT.2100 defines it."""
    logarithm = 0.17883277 * np.log(np.maximum(12 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), logarithm)


@pytest.mark.skipif(int(av.__version__.partition(".")[0]) < 18, reason="PyAV before 18 leaves HDR flat")
@pytest.mark.input_row("videos", "HDR", "PQ and HLG are mapped to the tones and primaries of sRGB, from PyAV 18 on.")
@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize("primaries", [9, 2])
def test_frame_converter_maps_hdr_to_srgb(curve: int, primaries: int, tmp_path: Path) -> None:
    srgb = np.array([0, 64, 128, 200, 255, 255]) / 255
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    # White of graphics: 203 nits; in HLG a signal of 0.75, whose display gamma is 1.2 (ITU-R BT.2408).
    signal = pq(203 * light) if curve == 16 else hlg(0.2650 * light ** (1 / 1.2))
    frame = yuv_frame(np.stack([signal] * 3, axis=-1), 9, True, bits=16)
    tags = {"colorspace": 9, "color_range": 1, "color_trc": curve, "color_primaries": primaries}
    found = shown(write_frames(tmp_path / "a.mkv", frame, **tags))
    assert np.abs(found - np.rint(srgb * 255)[:, None]).max() <= 12
    assert found[4].min() - found[2].max() > 110  # 40 without mapping


@pytest.mark.input_row("videos", "alpha", "Blended with white, as in a browser and as pictures are.")
@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("a.mov", "qtrle", "argb"),
        ("a.mov", "png", "rgba"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mkv", "ffv1", "yuva420p"),
        ("a.webm", "libvpx-vp9", "yuva420p"),
    ],
)
def test_frame_converter_lays_alpha_on_white(name: str, codec: str, form: str, tmp_path: Path) -> None:
    rgba = np.zeros((64, 96, 4), np.uint8)
    rgba[:, :32] = (200, 30, 30, 0)
    rgba[:, 32:64] = (40, 40, 40, 128)
    rgba[:, 64:] = (60, 160, 60, 255)
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=form)
    image = read_clip(write_frames(tmp_path / name, frame, codec, "alpha_mode" if codec.startswith("libvpx") else ""))
    found = [image[0].image[32, x].astype(int) for x in (12, 48, 84)]
    assert np.abs(np.array(found) - [(255,) * 3, (147,) * 3, (60, 160, 60)]).max() <= 8
    assert len(image) == 2 and image[1].time_s == pytest.approx(0.04, abs=0.001)


def test_frame_converter_of_opaque_frames_converts_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Frames without alpha, limited gray or HDR are what swscale gives, bit for bit."""
    frame = yuv_frame(PATCHES / 255, 1, True, bits=8)
    path = write_frames(tmp_path / "a.mkv", frame, colorspace=1, color_range=1)
    with av.open(str(path)) as container:
        expected = [each.reformat(format="rgb24").to_ndarray() for each in container.decode(video=0)]
    monkeypatch.setattr("ekspresi.media.frame_converter._on_white", None)
    monkeypatch.setattr("ekspresi.media.frame_converter._FULL_RANGE", None)
    found = [each.image for each in read_clip(path)]
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
