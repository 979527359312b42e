"""Tracks and beliefs of the browser are those of Python, and a camera's faces are followed between detections."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ekspresi import Recognizer
from ekspresi.pipeline.fusion import FusionByTrack
from ekspresi.recognition.priors import log_prior
from ekspresi.tracking.bytetrack import Tracker
from ekspresi.types import Face, Prediction
from tests.support.composed_scenes import EXAMPLES
from tests.support.studio_pages import StudioPage, to_rgba

TRACK = """
const { Tracker } = await import("/js/engine/tracking.js");
const tracker = new Tracker();
return given.map(({ faces, timeS }) => tracker.update(faces, timeS));
"""

FUSE = """
const { FusionByTrack } = await import("/js/engine/fusion.js");
const { Calibration } = await import("/js/engine/calibration.js");
const fusion = new FusionByTrack(new Calibration(facts), facts.priors[given.prior]);
return given.frames.map(({ faces, tracks, timeS }) => fusion.update(faces, tracks, timeS).map((belief) =>
  belief && { ...belief, probabilities: [...belief.probabilities] }));
"""


def walk(seed: int, step_s: float) -> Iterator[tuple[list[Face], float]]:
    """Faces of six people who walk, are missed now and then, leave and come back, with false alarms among them."""
    rng = np.random.default_rng(seed)
    places, speeds = rng.uniform(0, 600, (6, 2)), rng.normal(0, 60, (6, 2))
    sides = rng.uniform(12, 90, 6)
    time_s = 0.0
    for _ in range(60):
        step = step_s * rng.uniform(0.6, 1.6)
        time_s += step
        speeds += rng.normal(0, 40, (6, 2)) * step
        places += speeds * step
        faces = [
            Face((x, y, x + side, y + 1.2 * side), float(rng.uniform(0.7, 1.0)))
            for (x, y), side in zip(places + rng.normal(0, 1.0, (6, 2)), sides, strict=True)
            if rng.random() < 0.85
        ]
        if rng.random() < 0.2:
            x, y = rng.uniform(0, 600, 2)
            faces.append(Face((x, y, x + 20, y + 24), 0.72))
        yield [faces[i] for i in rng.permutation(len(faces))], time_s


@pytest.mark.parametrize("step_s", [0.04, 0.1, 0.2, 0.7])
def test_tracker_numbers_faces_as_python(engine_page: StudioPage, step_s: float) -> None:
    for seed in range(5):
        frames = list(walk(seed, step_s))
        tracker = Tracker()
        expected = [tracker.update(faces, time_s) for faces, time_s in frames]
        given = [
            {"faces": [{"box": list(face.box_xyxy), "score": face.score} for face in faces], "timeS": time_s}
            for faces, time_s in frames
        ]
        assert engine_page.run(TRACK, given) == expected
        numbers = [number for row in expected for number in row if number]
        assert len(numbers) > 2 * len(set(numbers))  # tracks last


@pytest.mark.parametrize("prior", ["trained", "uniform"])
def test_fusion_believes_as_python(engine_page: StudioPage, prior: str) -> None:
    recognizer = Recognizer()
    calibration, labels = recognizer.metadata.calibration, recognizer.labels
    rng = np.random.default_rng(3)
    fusion = FusionByTrack(calibration, log_prior(prior, labels, calibration))  # type: ignore[arg-type]
    frames, expected, time_s = [], [], 0.0
    for number in range(60):
        time_s += float(rng.uniform(0.05, 0.4)) if number != 40 else 30.0  # a pause drops the beliefs
        faces = [(rng.dirichlet(np.full(len(labels), 0.4)), float(rng.uniform(3, 40))) for _ in range(3)]
        tracks = [1, 2, None] if number % 3 else [2, None, 1]
        values = [
            Face((0, 0, 48, 48), 0.9, None, Prediction("", 0, dict(zip(labels, p.tolist(), strict=True)), 48.0, px))
            for p, px in faces
        ]
        fused = fusion.update(values, tracks, time_s)
        expected.append([None if t is None else face.prediction for face, t in zip(fused, tracks, strict=True)])
        given = [{"probabilities": p.tolist(), "effectivePx": px} for p, px in faces]
        frames.append({"faces": given, "tracks": tracks, "timeS": time_s})
    found = engine_page.run(FUSE, {"frames": frames, "prior": prior})
    beliefs = [pair for rows in zip(found, expected, strict=True) for pair in zip(*rows, strict=True)]
    assert sum(other is not None for _, other in beliefs) == 120
    for one, other in beliefs:
        if other is None:
            assert one is None
            continue
        assert np.abs(np.subtract(one["probabilities"], list(other.probabilities.values()))).max() <= 1e-6
        assert abs(one["effectivePx"] - other.effective_px) <= 1e-6
        assert one["abstained"] == other.abstained


FOLLOW = """
const { Follower } = await import("/js/engine/follower.js");
const calls = [];
const face = (x) => ({ box: [x, 40, x + 30, 76], score: 0.95, landmarks: [] });
const detector = {
  detect: async () => (calls.push("detect"), given.found.map(face)),
  refine: async (picture, boxes) => (calls.push("refine"), boxes.slice(given.lost).map(([x]) => face(x))),
};
const follower = new Follower();
for (let i = 0; i < 7; i++) {
  const width = given.turned && i > 3 ? 480 : 640;
  await follower.find(detector, { width, height: 480, data: null }, 24, i * given.stepS);
}
return calls.join(" ");
"""


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({"stepS": 0.1}, "detect refine refine detect refine refine detect"),
        ({"stepS": 1.2}, "detect refine refine detect refine refine detect"),  # a slow phone
        ({"stepS": 3.0}, " ".join(["detect"] * 7)),
        ({"stepS": 0.1, "found": []}, " ".join(["detect"] * 7)),
        ({"stepS": 0.1, "lost": 1}, "detect" + " refine detect" * 6),  # the frame itself is searched
        ({"stepS": 0.1, "turned": True}, "detect refine refine detect detect refine refine"),
    ],
)
def test_follower_detects_in_every_third_frame(engine_page: StudioPage, given: dict[str, Any], calls: str) -> None:
    assert engine_page.run(FOLLOW, {"found": [100, 300], "lost": 0, "turned": False, **given}) == calls


def film(frames: int, step_px: float) -> list[NDArray[np.uint8]]:
    """Two heads that cross a picture of 480 x 240 px in opposite directions, at ``step_px`` a frame."""
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")
    background = portrait.resize((480, 240)).convert("L").convert("RGB").point(lambda value: 90 + value // 8)
    near, far = (portrait.crop((150, 40, 296, 186)).resize((side, side)) for side in (110, 56))
    shown = []
    for number in range(frames):
        picture = background.copy()
        picture.paste(far, (round(400 - step_px * number), 150))
        picture.paste(near, (round(10 + step_px * number), 12))
        shown.append(np.asarray(picture))
    return shown


LIVE = """
engine.resetTracks();
const rows = [];
for (const [i, image] of given.images.entries()) {
  const timeS = 100 + given.startS + i * given.stepS;
  const result = await engine.analyze({ image: unpack(image), minFacePx: 30, live: true, timeS });
  rows.push(engine.track(result, timeS).map(({ box, track, fused, score, landmarks, probabilities }) => ({
    box, track, score, landmarks, label: facts.labels[fused.probabilities.indexOf(Math.max(...fused.probabilities))],
    probabilities: [...probabilities], abstained: fused.abstained })));
}
return rows;
"""


@pytest.mark.parametrize(("rate", "start_s"), [(5, 0.0), (10, 1000.0)])
def test_live_frames_follow_faces_between_detections(engine_page: StudioPage, rate: int, start_s: float) -> None:
    images = film(9, step_px=90 / rate)
    given = {"images": [to_rgba(image) for image in images], "stepS": 1 / rate, "startS": start_s}
    rows: list[list[dict[str, Any]]] = engine_page.run(LIVE, given)
    assert [len(row) for row in rows] == [2] * 9
    assert {(row[0]["track"], row[1]["track"]) for row in rows} == {(1, 2)}
    assert {face["label"] for row in rows for face in row} == {"happiness"}
    detect = "return (await engine.analyze({ image: unpack(given), minFacePx: 30 })).faces.map(({ box }) => box);"
    for number in (1, 2, 4, 8):  # frames that were followed, but for the detections in every third
        boxes = np.array(engine_page.run(detect, to_rgba(images[number])))
        moved = np.abs(np.array([face["box"] for face in rows[number]]) - boxes).max(axis=1)
        assert (moved <= 0.12 * (boxes[:, 2] - boxes[:, 0])).all()


def test_live_frame_without_its_faces_finds_the_new_ones(engine_page: StudioPage) -> None:
    both = film(2, step_px=4)
    empty = np.full_like(both[0], 100)
    given = {"images": [to_rgba(image) for image in (*both, empty, empty, both[0])], "stepS": 0.1, "startS": 5000.0}
    rows = engine_page.run(LIVE, given)
    assert [len(row) for row in rows] == [2, 2, 0, 0, 2]


def test_analyze_jpeg_of_the_browser_gives_the_same_faces(engine_page: StudioPage) -> None:
    buffer = io.BytesIO()
    Image.fromarray(film(1, 0)[0]).save(buffer, "JPEG", quality=92)
    image = np.asarray(Image.open(buffer).convert("RGB"))
    boxes = engine_page.run(
        """const { data } = unpack({ ...given.image, base64: given.file });
        const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
        const both = [await engine.analyze({ image: bitmap, minFacePx: 30 }),
                      await engine.analyze({ image: unpack(given.image), minFacePx: 30 })];
        return both.map(({ faces }) => faces.map(({ box }) => box));""",
        {"image": to_rgba(image), "file": base64.b64encode(buffer.getvalue()).decode()},
    )
    assert len(boxes[0]) == len(boxes[1]) == 2
    assert np.abs(np.subtract(*boxes)).max() <= 1.0
