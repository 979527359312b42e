"""Find where a video file is to be decoded from, and the numbers of its frames there.

In: a decoder at the beginning of a file, and a start. Out: stamps in the stream's time base, and numbers. Does not
know about clocks, windows or files.
"""

from bisect import bisect_left

from ekspresi.media.decoder import Decoder


class SeekTarget:
    """Hold the stamps of a file up to the frame where reading starts.

    Attributes:
        zero: stamp of the first frame that is decoded.
        target: stamp of the start.
        stamps: rising stamps of all frames from the first to at least the target.
        begin: stamp of the frame where decoding must begin. Frames of interlaced videos need the one before them.

    Example:
        >>> SeekTarget(zero=100, target=140, stamps=[100, 120, 140, 160]).number(120)
        1
    """

    def __init__(self, zero: int, target: int, stamps: list[int], interlaced: bool = False) -> None:
        self.zero = zero
        self.target = target
        self.stamps = stamps
        self.begin = stamps[max(0, bisect_left(stamps, target) - 1)] if interlaced and stamps else target

    def number(self, stamp: int | None) -> int | None:
        """Return the number of a frame at or before the start by its stamp; None for any other."""
        if stamp is None or stamp > self.target:
            return None
        number = bisect_left(self.stamps, stamp)
        return number if number < len(self.stamps) and self.stamps[number] == stamp else None


def find_seek_target(decoder: Decoder, start_s: float) -> SeekTarget | None:
    """Read the stamps from the first frame to a start in seconds; None where they are out of order.

    Decodes up to the first frame only.

    Example:
        >>> from ekspresi.media.containers import open_container
        >>> with open_container("testsrc=size=16x8:duration=1", "test picture", form="lavfi") as container:
        ...     find_seek_target(Decoder(container, "test picture"), start_s=0.2).number(3)
        3
    """
    zero, stamps, last = None, list[int](), None
    stream = decoder.stream
    if not stream.time_base or decoder.coded_order:
        return None
    start = round(start_s / stream.time_base)
    for packet in decoder.packets():
        if packet.stream_index != stream.index or packet.size == 0:  # the last one is empty
            continue
        if packet.pts is None or (packet.dts is not None and last is not None and packet.dts < last):
            return None
        last = packet.dts if packet.dts is not None else last
        if not packet.is_discard:
            stamps.append(packet.pts)
        if zero is None:
            pictures = decoder.pictures(packet)
            if pictures:
                zero = pictures[0].pts
        elif last is not None and last > zero + start:
            break
    if zero is None:
        return None
    shown = sorted(stamp for stamp in stamps if stamp >= zero)
    return SeekTarget(zero, zero + start, shown, decoder.interlaced)
