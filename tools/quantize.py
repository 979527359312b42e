"""Try a model in int8: measure the speed that each trial gains and the accuracy it loses.

In: a model file and the data set it was trained on. Out: printed tables, and in ``--out`` the trial models, each with
ekspresi's metadata, and ``quantize.json``. Chooses on the validation side, calibrates on the training side, and never
reads a test face.

    python tools/quantize.py MODEL SPEC [--out runs/quantise]

The rule, fixed before the first trial: int8 becomes the default only if it loses at most ``LARGEST_LOSS`` points
of accuracy at every size *and* is at least ``LEAST_GAIN`` times as fast, one face alone and in batches. Speed is that
of the network alone, all models in turn in one run, two threads; a gain is the median of the rounds' ratios.
"""

import argparse
import hashlib
import json
import logging
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import make_split
from ekspresi.imaging.degradations import SIZES_PX, shrink
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name
from quantization import METHODS, Quantizer, Recipe

LARGEST_LOSS, LEAST_GAIN = 0.5, 1.3
CALIBRATION_FACES, BATCH, THREADS, ROUNDS = 128, 64, 2, 40
KEPT = (2, 5, 10)
"""Numbers of the values with the largest loss that stay float32, one trial each."""

Crops = dict[int, list[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """Hold the figures of a model beside float32.

    Attributes:
        name, megabytes: name and size of the file.
        one_ms, faces_s: speed of the network alone, on one face and on ``BATCH``.
        gain_one, gain_batch: how many times as fast.
        accuracy, loss: by face size, in percent and points.
        same: unchanged answers, all sizes together, in percent.
        octaves: change of the effective sizes, 95th percentile.
    """

    name: str
    megabytes: float
    one_ms: float
    faces_s: float
    gain_one: float
    gain_batch: float
    accuracy: dict[int, float]
    loss: dict[int, float]
    same: float
    octaves: float

    @property
    def passes(self) -> bool:
        """Whether the model passes the rule."""
        return max(self.loss.values()) <= LARGEST_LOSS and min(self.gain_one, self.gain_batch) >= LEAST_GAIN


def time_networks(recognizers: dict[str, Recognizer], faces: int, rounds: int) -> dict[str, NDArray[np.float64]]:
    """Time each network in turn, after an uncounted run; return seconds (rounds,) by name."""
    side = next(iter(recognizers.values())).metadata.preprocessing.input_px
    feed = {"tensor": np.random.default_rng(0).standard_normal((faces, 1, side, side), dtype=np.float32)}
    repeats = max(1, 16 // faces)
    seconds: dict[str, list[float]] = {name: [] for name in recognizers}
    for number in range(rounds):
        for name in np.roll(list(recognizers), number).tolist():
            session = recognizers[name]._session  # with its settings in use
            session.run(None, feed)
            started = time.perf_counter()
            for _ in range(repeats):
                session.run(None, feed)
            seconds[name].append((time.perf_counter() - started) / repeats)
    return {name: np.array(values) for name, values in seconds.items()}


def try_models(models: dict[str, Path], crops: Crops, targets: NDArray[np.int64], rounds: int) -> list[Trial]:
    """Try each model, the float32 one first; without crops measure only the speed."""
    recognizers = {name: Recognizer(path, threads=THREADS) for name, path in models.items()}
    one, batch = time_networks(recognizers, 1, rounds), time_networks(recognizers, BATCH, rounds)
    first = next(iter(models))
    trials: list[Trial] = []
    theirs: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []  # answers of float32, by size
    for name, recognizer in recognizers.items():
        answers = [recognizer.predict_batch(faces) for faces in crops.values()]
        mine = [(found.probabilities.argmax(axis=1), np.log2(found.effective_px)) for found in answers]
        theirs = theirs or mine
        accuracy = {size: 100 * float((a == targets).mean()) for size, (a, _) in zip(crops, mine, strict=True)}
        pairs = list(zip(mine, theirs, strict=True))
        moved = [np.abs(m[1] - t[1]) for m, t in pairs]
        trials.append(
            Trial(
                name=name,
                megabytes=recognizer.path.stat().st_size / 1e6,
                one_ms=1e3 * float(np.median(one[name])),
                faces_s=BATCH / float(np.median(batch[name])),
                gain_one=float(np.median(one[first] / one[name])),
                gain_batch=float(np.median(batch[first] / batch[name])),
                accuracy=accuracy,
                loss={size: (trials[0].accuracy if trials else accuracy)[size] - accuracy[size] for size in crops},
                same=100 * float(np.mean([m[0] == t[0] for m, t in pairs])) if crops else 100.0,
                octaves=float(np.quantile(moved, 0.95)) if crops else 0.0,
            )
        )
    return trials


def show(title: str, trials: Sequence[Trial]) -> None:
    """Print a table of trials."""
    print(f"\n{title}\n{'':44}{'MB':>6}{'1 face':>10}{'gain':>7}{f'{BATCH} faces':>12}{'gain':>7}", end="")
    print("  accuracy by size (loss), percent; same answers, percent; octaves of size")
    for t in trials:
        cells = "  ".join(f"{size}: {value:.1f} ({t.loss[size]:+.1f})" for size, value in t.accuracy.items())
        speed = f"{t.one_ms:7.2f} ms{t.gain_one:7.2f}{t.faces_s:10.0f}/s{t.gain_batch:7.2f}"
        print(f"{t.name:44}{t.megabytes:6.1f}{speed}  {cells}  {t.same:.1f}  {t.octaves:.2f}", flush=True)


def main() -> None:
    """Try speeds, then methods, then exclusions; print, write and judge them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, help="model file, float32")
    parser.add_argument("spec", help="data set it was trained on, as in ferplus:data/ferplus")
    parser.add_argument("--out", type=Path, default=Path("runs/quantise"), help="folder to write to")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each model")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.glob("ranges-*.json"):
        old.unlink()  # may be of another model
    logging.getLogger().setLevel(logging.ERROR)
    recognizer, dataset = Recognizer(arguments.model), read(arguments.spec)
    if recognizer.labels != dataset.labels:
        raise SystemExit(f"{arguments.spec}: its labels differ from those of {arguments.model}. Name its own data set.")
    split = make_split(dataset, "official")
    seen = np.random.default_rng(0).permutation(split.train)[:CALIBRATION_FACES]
    drawn = [shrink(dataset.images[i], SIZES_PX[n % len(SIZES_PX)]) for n, i in enumerate(seen.tolist())]
    held_out = split.validation[dataset.targets[split.validation] >= 0]
    crops: Crops = {size: [shrink(dataset.images[i], size) for i in held_out.tolist()] for size in SIZES_PX}
    targets = dataset.targets[held_out]
    workshop = Quantizer(arguments.model, recognizer.metadata.preprocessing.tensor(drawn), arguments.out)

    report: dict[str, Any] = {
        "model": recognizer.metadata.name,
        "model_sha256": hashlib.sha256(arguments.model.read_bytes()).hexdigest(),
        "data": dataset.spec,
        "data_fingerprint": dataset.fingerprint,
        "faces": len(held_out),
        "calibration_faces": len(drawn),
        "rule": f"at most {LARGEST_LOSS} points at every size, at least {LEAST_GAIN} times as fast",
        "passing": [],
        "tables": {},
        "threads": THREADS,
        "cpu": cpu_name(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{n: version(n) for n in ("onnx", "onnxruntime", "numpy")}},
    }

    def trials_of(title: str, recipes: Sequence[Recipe], measured: Crops) -> dict[Recipe, Trial]:
        """Try recipes, print them, and write all trials so far, because the next may take long."""
        models = {recipe.name: workshop.quantized(recipe) for recipe in recipes}
        found = try_models({"float32": arguments.model, **models}, measured, targets, arguments.rounds)
        show(title, found)
        report["tables"][title] = [asdict(trial) for trial in found]
        report["passing"] += [trial.name for trial in found[1:] if measured and trial.passes]
        (arguments.out / "quantise.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return dict(zip(recipes, found[1:], strict=True))

    plain, short = Recipe(), Recipe(reduce_range=True)
    asked = [plain, replace(plain, layers="convolutions"), replace(plain, types="U8U8"), replace(plain, types="S8S8")]
    speeds = trials_of("speed alone", [*asked, short], {})
    fastest = max(asked, key=lambda recipe: min(speeds[recipe].gain_one, speeds[recipe].gain_batch))
    methods: dict[Recipe, Trial] = {}
    for method in METHODS:
        asked = [replace(fastest, method=method), replace(fastest, method=method, reduce_range=True)]
        methods |= trials_of(f"ranges by {method}", asked, crops)
    best = min(methods, key=lambda recipe: max(methods[recipe].loss.values()))
    worst = workshop.worst_values(arguments.out / f"{best.name}.onnx")
    report["worst_values"] = worst
    without = [replace(best, kept=tuple(worst[:n])) for n in KEPT]
    trials_of("without the values that lose most", without, crops)
    print(f"\nThe values that lose most: {', '.join(worst[:10])}")
    print(f"Rule: {report['rule']}. Passing: {', '.join(report['passing']) or 'none'}.")


if __name__ == "__main__":
    main()
