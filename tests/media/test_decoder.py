"""Packets by PyAV: decoded, counted, sought."""

from pathlib import Path

import pytest

pytest.importorskip("av", reason="extra [video]")

from ekspresi.media.containers import open_container
from ekspresi.media.decoder import Decoder
from tests.support.clips import write_clip


def test_decoder_counts_frames_and_reached_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 25)
    with open_container(f"file:{path}", "a.mp4") as container:
        decoder = Decoder(container, "a.mp4")
        assert sum(len(pictures) for pictures in decoder) == 25
        assert decoder.reached_s == pytest.approx(1.0, abs=0.05)
        assert decoder.skipped == 0 and decoder.failure is None


def test_decoder_seek_goes_to_a_key_frame_before(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 50, gop=10)
    with open_container(f"file:{path}", "a.mp4") as container:
        decoder = Decoder(container, "a.mp4")
        assert decoder.stream.time_base and decoder.seek(round(1.1 / decoder.stream.time_base))
        first = next(frame for frames in decoder for frame in frames)
        assert first.time == pytest.approx(0.8, abs=0.01) and first.key_frame
