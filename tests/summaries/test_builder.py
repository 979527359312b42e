"""The summary of each source: counted right, in bounded memory, with views only where faces may be seen."""

import tracemalloc

import numpy as np
import pytest

from ekspresi.summaries.builder import DETAILED, STILLS, TRACKS, VIEW_PX, SummaryBuilder
from ekspresi.tracking.bytetrack import LONGEST_STEP_S
from ekspresi.types import Face, Frame, FrameResult, Row
from tests.support.results import LABELS, belief, seen


def test_builder_counts_a_video_by_face_time() -> None:
    builder = SummaryBuilder()
    for number in range(50):
        sure = belief("surprise", 0.9)
        faces = [belief(abstained=number < 10), sure] if number < 20 else [belief()]
        builder.add(seen(faces, number / 10))
    (video,) = builder.build().videos
    assert (video.source, video.width, video.height, video.resized) == ("a.mp4", 64, 48, False)
    assert (video.frames, video.first_s, video.last_s, video.faces, video.untracked) == (50, 0, 4.9, 70, 0)
    assert video.shown.total == pytest.approx(7, abs=0.2)
    assert video.shown.unsure / video.shown.total == pytest.approx(1 / 7, abs=0.02)
    assert video.shown.dominant == "happiness"
    first, second = video.tracks
    assert (first.number, first.frames, first.first_s, first.last_s) == (1, 50, 0, 4.9)
    assert (second.number, second.frames, second.last_s) == (2, 20, 1.9)
    assert second.shown.by_expression == {"surprise": pytest.approx(2, abs=0.1)}
    assert (first.face_px, first.effective_px) == (pytest.approx(20), pytest.approx(16))
    assert first.curve is not None and first.curve.labels == LABELS
    np.testing.assert_allclose(first.curve.unsure[:4], 1)
    np.testing.assert_allclose(first.curve.unsure[5:], 0)


def test_builder_ignores_frame_rate_and_camera_outages() -> None:
    builder = SummaryBuilder()
    times = [*np.arange(0, 10, 0.04), *np.arange(10, 20, 0.5), *np.arange(5000, 5010, 0.04)]
    for time_s in times:
        builder.add(seen([belief(abstained=10 <= time_s < 20)], float(time_s)))
    (video,) = builder.build().videos
    assert video.shown.total == pytest.approx(30, abs=LONGEST_STEP_S)
    assert video.shown.unsure == pytest.approx(10, abs=0.6)


def test_builder_of_sparse_frames_leaves_no_gap() -> None:
    builder = SummaryBuilder()
    for time_s in range(0, 20, 2):
        builder.add(seen([belief()], float(time_s)))
    (video,) = builder.build().videos
    assert video.shown.total == pytest.approx(18, abs=0.1)
    curve = video.tracks[0].curve
    assert curve is not None and np.isfinite(curve.unsure).all()


def test_build_before_the_end_lists_each_source() -> None:
    builder = SummaryBuilder()
    assert builder.build().videos == builder.build().stills == builder.build().labels == ()
    builder.add(seen([belief(), belief(abstained=True)], None, source="1.png"))
    builder.add(seen([], 0.0, source="a.mp4"))
    builder.add(seen([belief()], 0.1, source="a.mp4", tracks=[None]))
    before = builder.build()
    builder.add(seen([belief()], 0.0, source="b.mp4", image=np.zeros((48, 64, 3), np.uint8)))
    builder.add(seen([belief()], 0.1, source="b.mp4", image=np.zeros((24, 64, 3), np.uint8)))
    after = builder.build()
    assert [video.source for video in before.videos] == ["a.mp4"]
    assert [(video.source, video.faces, video.untracked, video.resized) for video in after.videos] == [
        ("a.mp4", 1, 1, False),
        ("b.mp4", 2, 0, True),
    ]
    (still,) = after.stills
    assert (still.source, still.shown.total, still.shown.unsure, still.shown.by_expression) == (
        "1.png",
        2,
        1,
        {"happiness": 1},
    )


def test_builder_keeps_the_longest_tracks_and_counts_the_rest() -> None:
    builder = SummaryBuilder()
    count = 3 * TRACKS
    builder.add(seen([], 0.0))
    for number in range(count):
        long = number % 3 == 0
        for step in range(4 if long else 1):
            builder.add(seen([belief()], 10.0 * (number + 1) + step / 10, tracks=[number]))
    (video,) = builder.build().videos
    assert len(video.tracks) == TRACKS
    assert video.omitted == count - TRACKS
    assert {track.number % 3 for track in video.tracks} == {0}
    assert sum(track.curve is not None for track in video.tracks) == DETAILED
    total = sum(track.shown.total for track in video.tracks) + video.omitted_s
    assert total == pytest.approx(video.shown.total)


def test_builder_keeps_a_running_track_among_many() -> None:
    builder = SummaryBuilder()
    crowd = 2 * TRACKS
    for step in range(5):
        builder.add(seen([belief()] * crowd, step / 10, tracks=range(crowd)))
    (video,) = builder.build().videos
    assert all(track.frames == 5 for track in video.tracks)
    assert len(video.tracks) + video.omitted == crowd


def test_builder_of_many_videos_limits_curves() -> None:
    builder = SummaryBuilder()
    videos = 15 * DETAILED
    for number in range(videos):
        builder.add(seen([belief()] * 2, 0.0, source=f"{number}.mp4"))
    summary = builder.build()
    assert len(summary.videos) == videos
    kept = [track for video in summary.videos for track in video.tracks if track.curve is not None]
    assert len(kept) == 10 * DETAILED


def test_builder_counts_pictures_beyond_the_limit() -> None:
    builder = SummaryBuilder()
    for number in range(STILLS + 7):
        builder.add(seen([], None, source=f"{number}.png"))
    summary = builder.build()
    assert (len(summary.stills), summary.omitted_stills) == (STILLS, 7)


def test_builder_memory_stays_flat_in_a_long_video() -> None:
    builder = SummaryBuilder()
    image = np.zeros((48, 64, 3), np.uint8)

    def watch(begin: int, frames: int) -> None:
        for number in range(begin, begin + frames):
            builder.add(seen([belief()] * 3, number / 2, tracks=[1, 2, number // 7 + 3], image=image))

    watch(0, 8000)  # more than an hour at two frames a second, with a new track every few seconds
    tracemalloc.start()
    watch(8000, 8000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What was there before is not counted: the new kept tracks and views are at most as many as the old ones.
    assert grown < TRACKS * (VIEW_PX**2 * 3 + 3000)


@pytest.mark.parametrize("side", [10.0, 30.0, 60.0])
def test_builder_view_shows_the_largest_face(side: float) -> None:
    rng = np.random.default_rng(0)
    builder = SummaryBuilder()
    image = rng.integers(0, 100, (400, 400, 3), dtype=np.uint8)
    image[10 : 10 + int(side), 20 : 20 + int(side)] = (200, 10, 10)
    for number, face_px in enumerate([side / 2, side, side / 2]):
        builder.add(seen([belief(face_px=face_px)], number / 10, image=image))
    view = builder.build().videos[0].tracks[0].view
    assert view is not None and view.dtype == np.uint8
    assert max(view.shape[:2]) <= VIEW_PX
    red = (np.abs(view.astype(int) - (200, 10, 10)).max(axis=-1) < 40).mean()
    assert red == pytest.approx(1 / 1.4**2, abs=0.15)


def test_builder_view_of_wide_pixels_is_square() -> None:
    frame = Frame("a.mp4", 0, 0.0, np.zeros((200, 200, 3), np.uint8), pixel_aspect=2.0)
    face = Face((50.0, 50.0, 80.0, 110.0), 0.9, None, belief(face_px=60.0))
    builder = SummaryBuilder()
    builder.add(FrameResult(frame, (Row("a.mp4", 0, 0.0, 1, face),), ()))
    video = builder.build().videos[0]
    assert (video.width, video.height) == (200, 200)
    assert video.tracks[0].view is not None and video.tracks[0].view.shape[:2] == (VIEW_PX, VIEW_PX)


def test_builder_anonymized_keeps_no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ekspresi.summaries.builder.cut_view", lambda *_: pytest.fail("a view was cut"))
    builder = SummaryBuilder(anonymize=True)
    builder.add(seen([belief()], 0.0))
    builder.add(seen([belief()], None, source="1.png"))
    summary = builder.build()
    assert summary.anonymized
    assert summary.videos[0].tracks[0].view is None
