"""Write made-up reports of evaluations, trainings and a study, in the true formats.

The figures follow from a seed alone, without NumPy, so that pages made of them are the same everywhere.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ekspresi.evaluation.provenance import EvaluationRequest, Provenance
from ekspresi.evaluation.results import EffectiveSize, Evaluation, SizeResult, View
from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.metrics.calibration import Calibration, SelectiveScores
from ekspresi.metrics.classification import ClassScore, Estimate, Scores
from ekspresi.study.comparison import Comparison
from ekspresi.study.findings import Study
from ekspresi.study.results import ArmResult, RateTrial
from tests.support.gray_model import write_gray_model

SIZES_PX = (48, 32, 24, 16, 12, 8)
CKPLUS_LABELS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
STUDY_LABELS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
CPU, DATE, SHA256 = "Some CPU, 2 logical cores", "2026-11-25T12:34:56+00:00", "58385d4b8ae9" + "0" * 52
STARTED_FROM = ("the bundled weights",)
RIGHT_AT = {48: 0.8, 32: 0.79, 24: 0.76, 16: 0.7, 12: 0.63, 8: 0.5}


class MadeUpReports:
    """Write reports below a folder.

    Args:
        root: the folder.
        seed: other figures for another seed.
        silent_px: sizes at which no face is answered.
    """

    def __init__(self, root: Path, seed: int = 0, silent_px: tuple[int, ...] = (8,)) -> None:
        self.root, self.silent_px = root, silent_px
        self.random = random.Random(seed)

    def write(self, path: str, content: dict[str, Any]) -> None:
        """Write one JSON file below the folder."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def write_reports(self) -> None:
        """Write the reports of the bundled model and of the paper's experiment."""
        self.write("runs/bundled-on-ferplus/report.json", self.on_ferplus())
        for suite in ("kernels", "cctv"):
            self.write(f"runs/bundled-on-ferplus-{suite}/report.json", self.on_ferplus(suite))
        self.write("runs/bundled-on-ckplus48/report.json", self.on_ckplus())
        leaky = ("Leaky protocol: 'paper-split' draws images at random.", "Another warning.")
        for name, warnings in (("fold0", ()), ("paper", leaky)):
            views = [self.view(name, STUDY_LABELS, 97, selective=False) for name in ("test", "test, sequences")]
            self.write(f"runs/ckplus48-{name}-report/report.json", self.report(views, warnings=warnings))

    def write_trainings(self) -> None:
        """Write results of trainings: reports of variants, metrics, record and bundled model."""
        for name in ("start", "bundled"):
            self.write(f"runs/ablation/{name}/report.json", self.on_ferplus())
        short = ("base", "stride32", "sharp", "natural", "stiff")
        shipped = ("bundled", "on", "on-teacher", "on-mixup", "on-erasing", "on-input80")
        warned = ("Chosen on these faces: these figures flatter.",)
        for k, name in enumerate((*short, *shipped)):
            report = self.on_ferplus(warnings=warned, seconds=700.0 + 900 * k, sha256=f"{k:012x}" + "0" * 52)
            self.write(f"runs/ablation/{name}-report/report.json", report)
            if folder := {"base": "random", "bundled": "bundled", "on": "imagenet"}.get(name):
                self.write(f"runs/validation-{folder}/report.json", report)
        for part, epochs in ((1, range(6)), (2, range(5, 11))):
            file = self.root / f"runs/random/metrics/part-{part}/metrics.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            rows = ["epoch,train_loss,val_nll,val_accuracy_48px,val_accuracy_16px,val_nll_48px,val_nll_16px"]
            for epoch in epochs:
                figures = ",".join(f"{self.random.uniform(0.4, 0.9):.6f}" for _ in range(5))
                rows += [f"{epoch},0.5,,,,,", f"{epoch},,{figures}"]
            file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        model = self.root / "runs/random/model.onnx"
        model.parent.mkdir(parents=True, exist_ok=True)
        write_gray_model(model, FERPLUS_LABELS, {"seconds": 5400.5, "config": {"epochs": 28}})
        machine = {"cpu": CPU, "cores": 2, "gpu": None}
        self.write("runs/imagenet/run.json", {"seconds": 7384.0, "epochs_done": 18, "machine": machine})
        self.write("runs/bundled/run.json", {"seconds": 6467.2, "epochs_done": 10, "machine": machine})

    def scores(self, labels: tuple[str, ...], faces: int, right: float) -> Scores:
        """Count made-up answers: every class the same number of faces, the rest to the first."""
        k = len(labels)
        supports = [faces - (k - 1) * (faces // k), *[faces // k] * (k - 1)]
        confusion = []
        for i, support in enumerate(supports):
            hits = min(support, round(support * max(0.0, right + self.random.uniform(-0.2, 0.2))))
            row = [0] * k
            row[i], row[(i + 1) % k] = hits, support - hits
            confusion.append(tuple(row))
        recalls = [row[i] / sum(row) for i, row in enumerate(confusion)]
        accuracy = sum(row[i] for i, row in enumerate(confusion)) / faces
        classes = tuple(ClassScore(r, r, r, s) for r, s in zip(recalls, supports, strict=True))
        mean = sum(recalls) / k
        return Scores(
            n=faces,
            clusters=faces,
            accuracy=self.estimate(accuracy),
            macro_precision=self.estimate(mean + 0.01),
            macro_recall=self.estimate(mean),
            macro_f1=self.estimate(mean - 0.01),
            weighted_precision=self.estimate(accuracy),
            weighted_recall=self.estimate(accuracy),
            weighted_f1=self.estimate(accuracy),
            classes=classes,
            confusion=tuple(confusion),
        )

    def estimate(self, value: float) -> Estimate:
        """Put an interval around a figure."""
        return Estimate(value, value - self.random.uniform(0, 0.05), value + self.random.uniform(0, 0.05))

    def view(
        self, name: str, labels: tuple[str, ...], faces: int, selective: bool, level: Any = "image", easier: float = 0
    ) -> View:
        """Make one way of counting; ``easier`` is added to the share of right answers."""
        rows = []
        for size in SIZES_PX:
            silent = size in self.silent_px
            answered = SelectiveScores(
                coverage=0.0 if silent else self.random.uniform(0.2, 0.7),
                precision=None if silent else self.random.uniform(0.88, 0.96),
                aurc=self.random.uniform(0.05, 0.3),
                curve=(),
            )
            scores = self.scores(labels, faces, RIGHT_AT[size] + easier)
            calibration = Calibration(self.random.uniform(0.01, 0.05), 0.8, ())
            rows.append(SizeResult(size, 0, scores, calibration, answered if selective else None))
        answers: Any = "masked" if "masked" in name and "unmasked" not in name else "all"
        return View(name, "test", "argmax", answers, "trained", level, labels, "images", {}, tuple(rows))

    def report(self, views: list[View], suite: str = "clean", **about: Any) -> dict[str, Any]:
        """Make a report of views."""
        sizes = tuple(
            EffectiveSize(size, 1000, size + self.random.random(), 0.8 * size, 1.2 * size, self.random.uniform(0.88, 1))
            for size in SIZES_PX
        )
        evaluation = Evaluation(suite, SIZES_PX, FERPLUS_LABELS, tuple(views), sizes, ())
        provenance = Provenance(
            model="ekspresi-b0",
            model_sha256=about.get("sha256", SHA256),
            model_provenance={
                "seconds": about.get("seconds", 6467.2),
                "best": {"epoch": 27},
                "config": {"epochs": 28, "seed": 0},
                "versions": {"torch": "2.14.1"},
            },
            data="ferplus:data/ferplus",
            data_name="ferplus",
            data_fingerprint="0" * 64,
            data_faces=35887,
            data_skipped=0,
            asked=EvaluationRequest("official", 0, 0, "test", "ekspresi evaluate"),
            versions={"numpy": "2"},
            cpu=CPU,
            provider="CPUExecutionProvider",
            date=DATE,
            warnings=about.get("warnings", ()),
        )
        return {
            "format": 2,
            "headline": evaluation.headline.name,
            "provenance": provenance.to_dict(),
            "evaluation": evaluation.to_dict(),
        }

    def on_ferplus(self, suite: str = "clean", **about: Any) -> dict[str, Any]:
        """Make a report on FER+, with as many majority faces as other tools were measured on."""
        faces = {"arg-max": 3226, "majority": 2849 // 7 * 7 + 2849 // 7 + 2849 % 7}
        views = [
            self.view(f"test, {subset}, {custom}", FERPLUS_LABELS, n, selective=True)
            for subset in ("de-duplicated", "as published")
            for custom, n in faces.items()
        ]
        return self.report(views, suite, **about)

    def on_ckplus(self) -> dict[str, Any]:
        """Make a report on CK+48."""
        views = []
        for answers, labels in (("unmasked", FERPLUS_LABELS), ("masked", CKPLUS_LABELS)):
            for k, prior in enumerate(("", ", even prior")):
                for faces, level in ((927, "image"), (309, "sequence")):
                    name = f"all faces, {answers}{prior}{', sequences' if level == 'sequence' else ''}"
                    counted = answers == "unmasked" and level == "image"
                    views.append(self.view(name, labels, faces, counted, level, 0.1 * k))
        return self.report(views)

    def study(self) -> dict[str, Any]:
        """Make a study of three arms."""
        arms = []
        for name, oversampling in (("rmsprop", "balanced"), ("adamw", "balanced"), ("rmsprop-none", "none")):
            for protocol, jobs in (("subject-10fold", 10), ("paper-split", 1)):
                if (name, protocol) == ("rmsprop-none", "paper-split"):
                    continue
                image = self.view(name, STUDY_LABELS, 981, selective=False)
                sequence = None if name == "rmsprop-none" else self.view(name, STUDY_LABELS, 327, selective=False)
                init = "imagenet" if name == "rmsprop-none" else "bundled"
                settings = {"optimizer": name, "oversampling": oversampling, "init": init}
                rates = (0.001, 0.002)[: 1 + (jobs > 1)]
                arms.append(
                    ArmResult(
                        name,
                        protocol,
                        settings,
                        rates,
                        jobs,
                        0,
                        68.4 * jobs,
                        image,
                        sequence,
                        (),
                        (48, 16),
                        STARTED_FROM,
                    )
                )
        pairs = ((48, 7, 6, 1.0, 0.0397), (16, 37, 12, 0.0007, None))
        comparisons = tuple(
            Comparison("optimizer", "rmsprop", "adamw", size, 327, first, second, p, p, told)
            for size, first, second, p, told in pairs
        )
        tuning = tuple(RateTrial("rmsprop", half, 0.001, 0.5, half == 0, 95.1) for half in (0, 1))
        accuracy = {str(size): asdict(self.estimate(0.6)) for size in SIZES_PX}
        other = {"rmsprop": {"data": "ferplus", "view": "test", "labels": ["a", "b"], "faces": 2020}}
        reverse = {"data": "ckplus48", "view": "all faces, masked", "labels": list(CKPLUS_LABELS), "faces": 927}
        found = Study(
            tuple(arms),
            comparisons,
            tuning,
            {arm: {**each, "accuracy": accuracy} for arm, each in other.items()},
            {**reverse, "accuracy": accuracy},
            {},
            False,
        )
        made = {
            "data": {"reader": "ckplus48"},
            "machines": [{"cpu": CPU, "cores": 2, "gpu": None}, {"cpu": CPU, "cores": 2, "gpu": "A GPU"}],
            "versions": {"torch": "2.14.1"},
            "processes": 2,
            "seconds_wall": 5646.0,
            "date": "2026-11-25",
        }
        return {"format": 1, "made": made, "findings": ["One sentence.", "Another sentence."], **asdict(found)}
