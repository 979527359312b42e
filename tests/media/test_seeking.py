"""The stamps of a file up to a start, and the numbers of its frames."""

from types import SimpleNamespace
from typing import Any

from ekspresi.media.containers import open_container
from ekspresi.media.decoder import Decoder
from ekspresi.media.seeking import SeekTarget, find_seek_target


def test_seek_target_numbers_known_stamps_up_to_it() -> None:
    target = SeekTarget(zero=100, target=140, stamps=[100, 120, 140, 160])
    assert [target.number(stamp) for stamp in (100, 140)] == [0, 2]
    assert [target.number(stamp) for stamp in (None, 110, 160)] == [None, None, None]


def test_find_seek_target_reads_stamps_up_to_the_start() -> None:
    with open_container("testsrc=size=16x8:rate=25:duration=2", "test picture", form="lavfi") as container:
        target = find_seek_target(Decoder(container, "test picture"), start_s=0.4)
    assert target is not None
    assert (target.zero, target.target) == (0, 10)
    assert target.stamps[:11] == list(range(11))
    assert len(target.stamps) < 50  # not the whole file


def test_find_seek_target_out_of_order_is_none() -> None:
    stream = SimpleNamespace(time_base=0.04, index=0)
    packets = [SimpleNamespace(stream_index=0, size=9, pts=pts, dts=pts, is_discard=False) for pts in (0, 2, 1)]
    decoder: Any = SimpleNamespace(
        coded_order=False,
        stream=stream,
        packets=lambda: iter(packets),
        pictures=lambda packet: [SimpleNamespace(pts=packet.pts)],
    )
    assert find_seek_target(decoder, start_s=1.0) is None


def test_find_seek_target_without_a_time_base_is_none() -> None:
    decoder: Any = SimpleNamespace(coded_order=False, stream=SimpleNamespace(time_base=None, index=0))
    assert find_seek_target(decoder, start_s=1.0) is None
