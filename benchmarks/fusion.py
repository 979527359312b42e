"""Measure what the fusion of a track's frames wins, on simulated clips of labelled faces.

In: FER+ and, if named, CK+48; the bundled model or another file. Out: printed tables and, with ``--out``, JSON. The
clips are synthetic: the figures are not the accuracy on real video.

    python benchmarks/fusion.py ferplus:data/ferplus ckplus48:data/CK+48 --out runs/fusion.json
    python benchmarks/fusion.py ferplus:data/ferplus --fit

A clip is one face, ``FRAMES`` times at ``RATE`` frames a second. In every frame the face has another place between the
pixels (it moves before the sensor averages) and other light, and goes through ``degradations.degrade`` (suite 'cctv').
There are two cameras. *changing* draws blur, motion, noise level and JPEG quality again in every frame, as for people
who move and light that changes. Its frames differ more than those of a real camera, so it flatters fusion. *steady*
draws them once per clip, with fresh noise in every frame; it is harder than most cameras. CK+48's sequences are real:
three neighboring frames each, degraded one by one, and once more as clips of ``FRAMES`` frames that repeat the three.

All figures are of the de-duplicated PrivateTest side, arg-max. ``--fit`` reads PublicTest only, and finds the constants
of ``ekspresi.pipeline.fusion`` that give the highest probability to people's labels. Rules of pooling three frames are
compared on PublicTest too, so that CK+48 chooses none.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.evaluation.provenance import EvaluationRequest, make_provenance
from ekspresi.evaluation.views import select_counted_labels
from ekspresi.imaging.degradations import degrade
from ekspresi.imaging.resampling import resize
from ekspresi.metrics.calibration import calibration_scores, selective_scores
from ekspresi.pipeline.fusion import ERROR_CORRELATION, SIZE_POWER, TIME_CONSTANT_S, TrackFusion
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.types import Prediction

CAMERAS = ("changing", "steady")
SIZES_PX = (24, 16, 12, 8)
FRAMES = 30
SHORT = 15
"""Number of frames after which the belief is measured too."""
RATE = 15
CKPLUS_RATE = 30
FINE = 4
"""Factor that enlarges faces before they move, so that moves are a fraction of their pixels."""
DRIFT = 0.3
"""Largest speed of a face, pixels of the small image a frame."""
LIGHT = 0.15
"""Amplitude of the slow change of light (logarithm of the gain), beside a flicker of a fifth of it."""
TRIPLES_PX = 12
"""Side at which three pictures of one face are pooled by several rules."""
MIXED_PX = (6, 32)
"""Range of sizes in the clips that weights are fitted on; a face comes nearer or moves away."""

Probabilities = NDArray[np.float64]


class _SteadyCamera(np.random.Generator):
    """Draw the same blur, motion, noise level and JPEG quality every time, with fresh noise."""

    def __init__(self, seed: Sequence[int], fresh: np.random.Generator) -> None:
        super().__init__(np.random.PCG64(list(seed)))
        self._fresh = fresh

    def standard_normal(self, *args: Any, **options: Any) -> Any:
        return self._fresh.standard_normal(*args, **options)


def clip(
    faces: NDArray[np.uint8], sides_px: Sequence[int], seed: Sequence[int], steady: bool
) -> list[NDArray[np.uint8]]:
    """Make a clip of gray faces, uint8 (F, S, S): N frames, uint8 (side, side), of given sides.

    The faces follow each other, each for the same share of the frames.
    """
    generator = np.random.default_rng(list(seed))
    full = FINE * faces.shape[1]
    enlarged = [np.clip(resize(face.astype(np.float32), full, full), 0, 255) for face in faces]
    start, drift = generator.uniform(0, 1, 2), generator.uniform(-DRIFT, DRIFT, 2)
    hertz, phase = generator.uniform(0.2, 1), generator.uniform(0, 2 * np.pi)
    frames = []
    for i, side in enumerate(sides_px):
        fine = enlarged[i * len(faces) // len(sides_px)]
        # Crops are cut at whole pixels: what is left of a move lies within half a pixel.
        offset = (start + drift * i + generator.normal(0, 0.1, 2)) % 1 - 0.5
        rows, columns = (
            np.clip(np.arange(full) - round(pixels * full / side), 0, full - 1) for pixels in offset.tolist()
        )
        gain = np.exp(LIGHT * np.sin(phase + 2 * np.pi * hertz * i / RATE) + generator.normal(0, LIGHT / 5))
        lit = np.clip(np.rint(fine[rows[:, None], columns] * gain), 0, 255).astype(np.uint8)
        camera = _SteadyCamera([*seed, 1], generator) if steady else generator
        frames.append(degrade(lit, side, "cctv", camera))
    return frames


def fuse(
    predictions: Sequence[Prediction], rate: float, recognizer: Recognizer, **constants: float
) -> list[Prediction]:
    """Fuse the predictions of a track; return the belief at each frame."""
    belief = TrackFusion(recognizer.metadata.calibration, recognizer.log_prior, **constants)
    return [belief.update(prediction, i / rate) for i, prediction in enumerate(predictions)]


def stack_probabilities(clips: Sequence[Sequence[Prediction]]) -> Probabilities:
    """Stack the probabilities of M clips of N predictions, float64 (M, N, K)."""
    return np.array([[list(frame.probabilities.values()) for frame in one] for one in clips])


@dataclass(frozen=True, slots=True)
class Scores:
    """Hold the scores of answers, in percent.

    Attributes:
        accuracy: share of right answers.
        gap: mean confidence less accuracy: above 0 where it promises too much.
        ece: expected calibration error. Of few faces it is never 0, so of many frames the mean over frames is taken,
            each over the same faces: single frames and beliefs compare.
        nll: mean negative logarithm of the probability of what people saw.
        answered: share above the thresholds.
        right: share of right answers among them; None where none is.
    """

    accuracy: float
    gap: float
    ece: float
    nll: float
    answered: float
    right: float | None


def worth(targets: NDArray[np.int64], clips: Sequence[Sequence[Prediction]]) -> Scores:
    """Score M lists of predictions, all of which count, against targets (M,)."""
    found = stack_probabilities(clips)
    each = np.repeat(targets, found.shape[1])
    flat = found.reshape(len(each), -1)
    silent = np.array([frame.abstained for one in clips for frame in one])
    choice = selective_scores(each, flat, silent)
    by_frame = [calibration_scores(targets, found[:, frame]) for frame in range(found.shape[1])]
    right = float((flat.argmax(axis=1) == each).mean())
    return Scores(
        accuracy=100 * right,
        gap=100 * (float(flat.max(axis=1).mean()) - right),
        ece=100 * float(np.mean([frame.ece for frame in by_frame])),
        nll=float(np.mean([frame.nll for frame in by_frame])),
        answered=100 * choice.coverage,
        right=None if choice.precision is None else 100 * choice.precision,
    )


def gain(
    targets: NDArray[np.int64], single: Sequence[Sequence[Prediction]], last: Sequence[Prediction]
) -> tuple[float, float, float]:
    """Compute the points won over the mean frame; 95 % interval of 1,000 resamples of faces."""
    return points_won(targets, stack_probabilities(single), stack_probabilities([last])[0])


def points_won(targets: NDArray[np.int64], single: Probabilities, last: Probabilities) -> tuple[float, float, float]:
    """Compute ``gain`` of scores (M, K), highest counts, over frames' probabilities (M, N, K)."""
    before = (single.argmax(axis=2) == targets[:, None]).mean(axis=1)
    won = 100 * ((last.argmax(axis=1) == targets) - before)
    drawn = np.random.default_rng(0).choice(won, (1000, len(won))).mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
    return float(won.mean()), low, high


def flicker(clips: Sequence[Sequence[Prediction]]) -> float:
    """Count the label changes per second."""
    labels = stack_probabilities(clips).argmax(axis=2)
    return float((labels[:, 1:] != labels[:, :-1]).mean() * RATE)


def measure_following(
    clips: Sequence[Sequence[Prediction]], recognizer: Recognizer, **constants: float
) -> dict[str, float]:
    """Measure how long the belief takes to follow a change to a face with another label.

    Each clip is followed by the next one whose own belief ends in another label; the change is followed from the
    first frame at which that label is answered; one that is not takes the whole clip.
    """
    ends = [fuse(one, RATE, recognizer, **constants)[-1].expression for one in clips]
    seconds = []
    for i, first in enumerate(clips):
        other = next((k for k in np.roll(np.arange(len(clips)), -i - 1).tolist() if ends[k] != ends[i]), None)
        if other is None:
            continue
        answers = fuse([*first, *clips[other]], RATE, recognizer, **constants)[len(first) :]
        at = next((n for n, answer in enumerate(answers) if answer.expression == ends[other]), None)
        seconds.append((FRAMES if at is None else at + 1) / RATE)
    times = np.array(seconds)
    return {"changes": len(times), "median_s": float(np.median(times)), "within_1s": 100 * float((times <= 1).mean())}


def sample_faces(dataset: FaceDataset, side: str, faces: int) -> NDArray[np.int64]:
    """Draw labelled faces of a side, 'validation' or 'test'; return their positions, ascending."""
    members = make_split(dataset, "official").by_name[side]
    members = members[dataset.targets[members] >= 0]
    return np.sort(np.random.default_rng(0).choice(members, min(faces, len(members)), replace=False))


def look_up_targets(recognizer: Recognizer, dataset: FaceDataset, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Look up the labels, int64 (M,) in the model's order, of faces at positions (M,)."""
    order = {label: i for i, label in enumerate(recognizer.labels)}
    return np.array([order[dataset.labels[k]] for k in dataset.targets[faces].tolist()], dtype=np.int64)


def recognize(
    recognizer: Recognizer, dataset: FaceDataset, faces: NDArray[np.int64], size: int | None, steady: bool
) -> list[list[Prediction]]:
    """Predict all frames of the faces' clips; a side of None changes within ``MIXED_PX``."""
    found = []
    for index in faces.tolist():
        seed = [index, size or 0]
        smallest, largest = np.log(MIXED_PX).tolist()
        near, far = np.random.default_rng([*seed, 2]).uniform(smallest, largest, 2)
        mixed = np.rint(np.exp(np.linspace(near, far, FRAMES))).astype(int).tolist()
        found.append(
            recognizer.predict(
                clip(dataset.images[index][None], mixed if size is None else [size] * FRAMES, seed, steady)
            )
        )
    return found


def measure_clips(recognizer: Recognizer, dataset: FaceDataset, faces: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Measure each camera and size on clips of faces."""
    targets = look_up_targets(recognizer, dataset, faces)
    return [
        measure_line(camera, size, targets, recognize(recognizer, dataset, faces, size, camera == "steady"), recognizer)
        for camera in CAMERAS
        for size in SIZES_PX
    ]


def measure_line(
    camera: str,
    size: int,
    targets: NDArray[np.int64],
    single: Sequence[Sequence[Prediction]],
    recognizer: Recognizer,
) -> dict[str, Any]:
    """Compute and print all figures of a camera and size, from targets (M,) and predictions."""
    beliefs = [fuse(one, RATE, recognizer) for one in single]
    before, after = flicker(single), flicker(beliefs)
    line = {
        "camera": camera,
        "size_px": size,
        "faces": len(targets),
        "single": asdict(worth(targets, single)),
        "fused": {n: asdict(worth(targets, [one[n - 1 : n] for one in beliefs])) for n in (SHORT, FRAMES)},
        "gain": {n: gain(targets, single, [one[n - 1] for one in beliefs]) for n in (SHORT, FRAMES)},
        "flicker": {"single": before, "fused": after, "fall": 100 * (1 - after / before)},
        "following": measure_following(single, recognizer),
    }
    print_line(line)
    return line


def print_line(line: dict[str, Any]) -> None:
    """Print one size of one camera in two lines."""
    single, last, won, change = line["single"], line["fused"][FRAMES], line["gain"], line["flicker"]
    print(
        f"{line['camera']:9}{line['size_px']:3} px  accuracy {single['accuracy']:.1f} -> {last['accuracy']:.1f}"
        f"  ({SHORT} frames {won[SHORT][0]:+.1f}, {FRAMES} frames {won[FRAMES][0]:+.1f}"
        f" [{won[FRAMES][1]:+.1f}, {won[FRAMES][2]:+.1f}])  ECE {single['ece']:.1f} -> {last['ece']:.1f}"
        f"  gap {single['gap']:+.1f} -> {last['gap']:+.1f}  NLL {single['nll']:.3f} -> {last['nll']:.3f}\n"
        f"{'':15} flicker {change['single']:.2f} -> {change['fused']:.2f}/s (-{change['fall']:.0f} %)"
        f"  answered {single['answered']:.0f} -> {last['answered']:.0f} %, right {single['right'] or 0:.1f} ->"
        f" {last['right'] or 0:.1f} %  follows in {line['following']['median_s']:.2f} s,"
        f" {line['following']['within_1s']:.0f} % within 1 s",
        flush=True,
    )


def find_sequences(recognizer: Recognizer, dataset: FaceDataset) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Find the frames' positions, in order, and the label of each counted sequence."""
    if dataset.sequences is None:
        raise SystemExit(f"{dataset.spec}: has no sequences. Name ckplus48:PATH.")
    counted = np.isin(
        np.array(dataset.labels)[dataset.targets], select_counted_labels(recognizer.labels, dataset.labels)
    )
    names = np.unique(dataset.sequences[counted])
    members = [np.flatnonzero((dataset.sequences == name) & counted) for name in names.tolist()]
    members = [some[np.argsort(dataset.names[some])] for some in members]
    return members, look_up_targets(recognizer, dataset, np.array([some[0] for some in members]))


def measure_sequences(recognizer: Recognizer, dataset: FaceDataset) -> list[dict[str, Any]]:
    """Measure each size on CK+48: three frames each, with all answers of the model allowed."""
    members, targets = find_sequences(recognizer, dataset)
    lines = []
    for size in SIZES_PX:
        single = [
            recognizer.predict(
                [degrade(dataset.images[i], size, "cctv", np.random.default_rng([i, size])) for i in some.tolist()]
            )
            for some in members
        ]
        last = [fuse(one, CKPLUS_RATE, recognizer)[-1] for one in single]
        won = gain(targets, single, last)
        before, after = worth(targets, single), worth(targets, [[one] for one in last])
        lines.append(
            {"size_px": size, "sequences": len(targets), "single": asdict(before), "fused": asdict(after), "gain": won}
        )
        print(
            f"CK+48    {size:3} px  accuracy {before.accuracy:.1f} -> {after.accuracy:.1f}"
            f" ({won[0]:+.1f} [{won[1]:+.1f}, {won[2]:+.1f}])  ECE {before.ece:.1f} -> {after.ece:.1f}"
            f"  gap {before.gap:+.1f} -> {after.gap:+.1f}",
            flush=True,
        )
    return lines


def measure_sequence_clips(recognizer: Recognizer, dataset: FaceDataset) -> list[dict[str, Any]]:
    """Measure each camera and size on clips that repeat the three frames of a CK+48 sequence."""
    members, targets = find_sequences(recognizer, dataset)
    return [
        measure_line(
            camera,
            size,
            targets,
            [
                recognizer.predict(
                    clip(
                        np.stack([dataset.images[i] for i in some.tolist()]),
                        [size] * FRAMES,
                        [int(some[0]), size],
                        camera == "steady",
                    )
                )
                for some in members
            ],
            recognizer,
        )
        for camera in CAMERAS
        for size in SIZES_PX
    ]


def measure_triples(recognizer: Recognizer, dataset: FaceDataset, faces: NDArray[np.int64]) -> dict[str, Any]:
    """Measure what three degraded pictures of a face win at ``TRIPLES_PX``, by pooling rule."""
    targets = look_up_targets(recognizer, dataset, faces)
    triples = [
        recognizer.predict(
            [
                degrade(dataset.images[i], TRIPLES_PX, "cctv", np.random.default_rng([i, TRIPLES_PX, k]))
                for k in range(3)
            ]
        )
        for i in faces.tolist()
    ]
    single = stack_probabilities(triples)
    votes = np.eye(single.shape[2])[single.argmax(axis=2)].sum(axis=1)
    pooled = {
        "belief": stack_probabilities([[fuse(one, CKPLUS_RATE, recognizer)[-1] for one in triples]])[0],
        "mean of probabilities": single.mean(axis=1),
        "mean of their logarithms": np.log(np.maximum(single, 1e-6)).mean(axis=1),
        "the most confident": single.max(axis=1),
        "majority, else mean": votes + single.mean(axis=1),
    }
    found = {rule: points_won(targets, single, scores) for rule, scores in pooled.items()}
    for rule, (won, low, high) in found.items():
        print(f"three at {TRIPLES_PX} px, {rule}: {won:+.1f} [{low:+.1f}, {high:+.1f}]", flush=True)
    return {"size_px": TRIPLES_PX, "faces": len(targets), "gain": found}


def fit(recognizer: Recognizer, dataset: FaceDataset, faces: NDArray[np.int64]) -> None:
    """Print the mean NLL of the last belief for values around each constant, by camera and size.

    Beside it, for each camera at 12 px: accuracy, overconfidence, label changes, and how long a change takes.
    """
    targets = look_up_targets(recognizer, dataset, faces)
    clips = {
        (camera, str(size or "mixed")): recognize(recognizer, dataset, faces, size, camera == "steady")
        for camera in CAMERAS
        for size in (*SIZES_PX, None)
    }
    choices: dict[str, Sequence[float]] = {
        "likeness": (0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0),
        "size_power": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0),
        "forget_s": (0.3, 0.5, 0.7, 1.0, 1.5, 2.0),
    }
    for name, values in choices.items():
        print(f"{name:12}{''.join(f'{camera[0]:>5}{size:>6}' for camera, size in clips)}       mean")
        for value in values:
            beliefs = {
                key: [fuse(one, RATE, recognizer, **{name: value}) for one in some] for key, some in clips.items()
            }
            nll = [worth(targets, [one[-1:] for one in some]).nll for some in beliefs.values()]
            at_12_px = []
            for camera in CAMERAS:
                some = beliefs[camera, "12"]
                at = worth(targets, [one[-1:] for one in some])
                follows = measure_following(clips[camera, "12"], recognizer, **{name: value})
                at_12_px.append(
                    f"{camera} {at.accuracy:.1f} {at.gap:+.1f} {flicker(some):.2f}/s {follows['median_s']:.2f} s,"
                    f" {follows['within_1s']:.0f} % within 1 s"
                )
            cells = "".join(f"{each:11.4f}" for each in (*nll, float(np.mean(nll))))
            print(f"{value:<12.2f}{cells}; {'; '.join(at_12_px)}", flush=True)


def main() -> None:
    """Measure or fit; print and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", help="FER+, as in ferplus:data/ferplus")
    parser.add_argument("sequences", nargs="?", help="CK+48, as in ckplus48:data/CK+48")
    parser.add_argument("--model", type=Path, help="model file; default: the bundled one")
    parser.add_argument("--faces", type=int, default=600, help="number of clips of each size")
    parser.add_argument("--fit", action="store_true", help="fit the constants on PublicTest; report no figures")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    started = time.perf_counter()
    recognizer, dataset = Recognizer(arguments.model), read(arguments.data)
    if arguments.fit:
        fit(recognizer, dataset, sample_faces(dataset, "validation", arguments.faces))
        return
    command = shlex.join(["python", "benchmarks/fusion.py", *sys.argv[1:]])
    found: dict[str, Any] = {
        **make_provenance(recognizer, dataset, EvaluationRequest("official", 0, 0, "test", command)).to_dict(),
        "frames": FRAMES,
        "rate": RATE,
        "constants": {"likeness": ERROR_CORRELATION, "forget_s": TIME_CONSTANT_S, "size_power": SIZE_POWER},
        "clips": measure_clips(recognizer, dataset, sample_faces(dataset, "test", arguments.faces)),
    }
    found["triples"] = measure_triples(recognizer, dataset, sample_faces(dataset, "validation", arguments.faces))
    if arguments.sequences:
        sequences = read(arguments.sequences)
        found["sequences"] = measure_sequences(recognizer, sequences)
        found["sequence_clips"] = measure_sequence_clips(recognizer, sequences)
    found["load_after"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found["seconds"] = round(time.perf_counter() - started)
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
