"""Write made-up reports and measurements for ``docs/build.py``, in the true formats."""

import random
from typing import Any

from tests.support.made_up_reports import CPU, DATE, SHA256, SIZES_PX, MadeUpReports

MEASURED = {"cpu": CPU, "date": DATE, "note": "two virtual cores."}


class MadeUpRuns(MadeUpReports):
    """Write all the files of ``runs/`` below a folder."""

    def write_all(self) -> None:
        """Write every file that the docs need."""
        self.write_reports()
        self.write_trainings()
        self.write_videos()
        self.write_speed()
        self.write_service()
        self.write("runs/study-ckplus/study.json", self.study())

    def write_videos(self) -> None:
        """Write the measurements of detectors, fused frames, cuts and whole videos."""
        self.write("runs/detection.json", self.detection())
        self.write("runs/fusion.json", self.fusion())
        self.write("runs/priors.json", self.priors())
        figures = [
            {"cut": cut, "name": name, "step_s": step, "pairs": 1200, "detected": self.random.randrange(1200)}
            for cut, names in ((True, ("another scene", "another person")), (False, ("zoom", "dark", "still")))
            for name in names
            for step in (0.04, 1.0)
            if (name, step) != ("still", 1.0)
        ]
        self.write("runs/cuts.json", {**MEASURED, "note": "", "ms": 0.53, "figures": figures})
        lines = [
            {
                "what": what,
                "detector": detector,
                "way": way,
                "frames": 1000,
                "rows": 5200,
                "frames_per_s": speed,
                "slowest": speed - 1.25,
                "fastest": speed + 0.5,
                "busy": 0.893,
                "cpu_ms": 92.4,
            }
            for detector, speed in (("mtcnn", 19.5), ("yunet", 14.9))
            for what in ("video", "photos")
            for way in ("stream", "one after another")
        ]
        pipeline = {**MEASURED, "cores_used": 2, "model_sha256": SHA256, "figures": lines}
        self.write("runs/pipeline.json", pipeline)
        early, late = ({"frame": 1, "rss_mb": mb, "peak_mb": mb, "threads": 3, "files": 12} for mb in (172.4, 230.0))
        endurance = {"read": 100_000, "analyzed": 99_008, "rows": 198_016, "rows_twice": 0, "reconnects": 49}
        more = {"seconds": 552.3, "early": early, "late": late, "used_mb": 175.0, "threads_left": 1}
        self.write("runs/endurance.json", {**MEASURED, "note": "", **endurance, **more})
        hour = {"minutes": 60, "every": "1s", "rows": 19_980, "seconds": 431.0}
        memory = {"early_mb": 441.2, "late_mb": 462.0, "peak_mb": 470.4}
        self.write("runs/long-video.json", {**MEASURED, **hour, **memory})

    def detection(self) -> dict[str, Any]:
        """Make the figures of two detectors and of the recognizer on their crops."""
        finding, reading = [], []
        for detector in ("mtcnn", "yunet"):
            for smallest in (24.0, 8.0):
                for size in SIZES_PX:
                    found = self.random.randrange(40, 97)
                    portraits = {"portraits": 20, "portraits_found": self.random.randrange(10, 21)}
                    alarms = {"frames": 8, "false_alarms": self.random.randrange(4), "cpu_ms": 54.3}
                    line = {"detector": detector, "min_face_px": smallest, "face_px": size, "faces": 96}
                    finding.append({**line, "found": found, **portraits, **alarms})
            for size in SIZES_PX:
                found = 0 if (detector, size) == ("yunet", 8) else 60 if size == 8 else 480
                right = {"found_right_given": int(0.8 * found), "found_right_detected": int(0.78 * found)}
                only = {"only_given": int(0.05 * found), "only_detected": int(0.03 * found)}
                line = {"detector": detector, "min_face_px": 8.0, "side_px": size, "faces": 600}
                reading.append({**line, "right_given": 470, "found": found, **right, **only, "side_ratio": 1.0})
        networks = {"mtcnn": None, "yunet": {"file": "yunet.onnx", "sha256": "104ee26c71d5" + "0" * 52}}
        about = {"networks": networks, "model_sha256": SHA256, "cpu": CPU, "date": DATE}
        return {**about, "finding": finding, "reading": reading}

    def priors(self) -> dict[str, Any]:
        """Make the figures of class priors, and of thresholds under shifts."""
        own = random.Random(7)  # so that the figures of other runs stay
        sizes = ("48", "24", "16", "12", "8")

        def cells(*names: str) -> dict[str, dict[str, float | None]]:
            """Make figures for each size; at the smallest nothing is answered."""
            return {
                size: {name: None if size == "8" and "precision" in name else own.uniform(40, 99) for name in names}
                for size in sizes
            }

        scores, judged = ("accuracy", "macro_recall"), ("answered", "precision", "balanced_precision")
        accuracy = {"trained": 70.5, "auto": 75.25, "known": 76.0}
        known = {"faces": 400, "draws": 10, "distance": 4.25, "accuracy": accuracy}
        levels = ("plain", "strict")
        return {
            "cpu": CPU,
            "date": DATE,
            "model_sha256": SHA256,
            "asked": {"command": "python benchmarks/priors.py DATA"},
            "curve": [{"strength": each, "sizes": cells(*scores)} for each in (0.0, 1.0)],
            "known": [{"name": name, "px": px, **known} for name in ("equal", "flat") for px in (48, 16)],
            "shifts": [
                {"suite": suite, "level": level, "sizes": cells(*judged)}
                for suite in ("clean", "cctv")
                for level in levels
            ],
            "elsewhere": {
                "faces": 981,
                "lines": [
                    {"prior": prior, "level": level, "sizes": cells(*scores, *judged)}
                    for prior in ("trained", "auto")
                    for level in levels
                ],
            },
        }

    def fusion(self) -> dict[str, Any]:
        """Make the figures of fusion."""

        def worth(size: int) -> dict[str, float | None]:
            figures = {name: 100 * self.random.random() for name in ("accuracy", "gap", "ece", "nll", "answered")}
            return {**figures, "right": None if size == 8 else 91.25}

        def gain() -> list[float]:
            middle = self.random.uniform(2, 8)
            return [middle, middle - 1.3, middle + 1.4]

        def lines(fewest_fall: float) -> list[dict[str, Any]]:
            return [
                {
                    "camera": camera,
                    "size_px": size,
                    "faces": 1500,
                    "single": worth(size),
                    "fused": {"15": worth(size), "30": worth(size)},
                    "gain": {"15": gain(), "30": gain()},
                    "flicker": {"single": 3.25, "fused": 0.43, "fall": self.random.uniform(fewest_fall, 90)},
                    "following": {"changes": 40, "median_s": 0.8, "within_1s": 58.2},
                }
                for camera in ("changing", "steady")
                for size in (24, 16, 12, 8)
            ]

        sequences = [
            {"size_px": size, "sequences": 309, "single": worth(size), "fused": worth(size), "gain": gain()}
            for size in (24, 16, 12, 8)
        ]
        return {
            "cpu": CPU,
            "date": DATE,
            "model_sha256": SHA256,
            "frames": 30,
            "rate": 15,
            "clips": lines(81),
            "triples": {"size_px": 12, "faces": 1500, "gain": {"belief": gain(), "majority, else mean": gain()}},
            "sequences": sequences,
            "sequence_clips": lines(70),
        }

    def write_service(self) -> None:
        """Write the load of the service, and the speed of the studio."""
        calls = {"duration_s": 10.2, "answered_per_s": 25.0, "faces_per_s": 400.1, "p50_ms": 296.2, "p99_ms": 1451.7}
        outcomes = {"answered": 2550}
        memory = {"start_mb": 278.2, "median_of_second_third_mb": 348.0, "median_of_last_third_mb": 354.0}
        phases: dict[str, Any] = {
            "recognizer_alone": {"faces_per_s": 495.8, "processor_ms_per_face": 3.73},
            "crops": {**calls, "outcomes": outcomes, "service_processor_ms_per_face": 4.39},
            "overload": {**calls, "outcomes": {**outcomes, "refused": 109, "wrong": 3}},
            "memory": {**calls, "outcomes": outcomes, **memory, "highest_mb": 427.2},
        }
        service = {"measured_at": f"{DATE}T00:00:00+00:00", "machine": CPU, "load_before": 1.37, "phases": phases}
        self.write("runs/service.json", service)
        names = ("one face", "cold start")
        figures = {
            "native_ms": dict(zip(names, (5.88, 202.1), strict=True)),
            "browser_ms": dict(zip(names, (22.29, 1173.2), strict=True)),
            "ratio": dict(zip(names, (3.79, 5.81), strict=True)),
            "browser_mb": {"camera and picture": 360.5, "12 megapixels": 481.1},
        }
        runs = [{"threads": threads, **figures} for threads in (1, 2)]
        self.write("runs/studio.json", {"made_at": f"{DATE}T00:00:00+00:00", "cpu": CPU, "load": [1.2], "runs": runs})

    def write_speed(self) -> None:
        """Write the speed of the recognizer and the int8 trials."""
        measured = {"cpu": CPU, "date": DATE, "threads": 2, "model_sha256": SHA256}
        lines = [
            {"name": " one crop of 48 px", "unit": "ms", "median": 2.004, "slow": 2.36, "fast": 1.64, "runs": 9},
            {"name": "many crops", "unit": "faces/s", "median": 1660.4, "slow": 1561, "fast": 1697, "runs": 9},
        ]
        self.write("runs/speed.json", {**measured, "lines": lines})
        names = ("float32", "U8S8-all-minmax", "U8U8-all-minmax")
        trials = [
            {"name": name, "megabytes": 16.1 / (1 + k), "gain_one": 1.2, "gain_batch": 0.25 + k, "loss": {}}
            for k, name in enumerate(names)
        ]
        judged = [{**trial, "loss": {str(size): 7.25 * k for size in SIZES_PX}} for k, trial in enumerate(trials[:2])]
        tables = {"speed alone": trials, "ranges by minmax": judged}
        self.write("runs/quantise/quantise.json", {**measured, "passing": [], "tables": tables})
