"""Which sections ``docs/results.md`` has, in their order: titles, texts, commands, and the files they are made of.

In: nothing. Out: constants. Knows no figure. What stands above the first section belongs to the page itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes:
        name: between ``<!-- `` and `` -->`` on the page and behind ``tools/write_docs.py``; no part of another page
            has it.
        kind: what fills it, a key of ``write_docs.BODIES``.
        title: its heading.
        text: what stands below the heading.
        commands: what made the files.
        files: what it is made of, below the repository; none where it is measured as it is written.
        partial: one of the files is enough.
    """

    name: str
    kind: str
    title: str
    text: str = ""
    commands: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    partial: bool = False


@dataclass(frozen=True)
class Variant:
    """One training of the short schedule: name, flags beside those that all have, and what that means."""

    name: str
    flags: str
    meaning: str

    @property
    def report(self) -> str:
        """Its report."""
        return f"runs/ablation/{self.name}-report/report.json"


ON_FERPLUS = "runs/bundled-on-ferplus/report.json"
ON_CKPLUS = "runs/bundled-on-ckplus48/report.json"
LEARNING = "runs/bundled/metrics/part-1/metrics.csv"

ABLATION = (
    ("first part: 20 epochs, 0.5 million visits", "runs/ablation/start/report.json"),
    ("second part, calibrated: what ships", "runs/ablation/bundled/report.json"),
)

VARIANTS = (
    Variant("base", "", "the recipe of `configs/bundled.toml`"),
    Variant("stride32", "--output-stride 32", "all strides kept, a last map of 2 x 2 instead of 4 x 4"),
    Variant("sharp", "--low-res-share 0", "sharp faces only"),
    Variant("natural", "--oversampling none", "classes as rare as they are, and so fewer faces an epoch"),
    Variant("stiff", "--shift 0 --zoom 0 --rotation 0", "no geometry but the mirror"),
)

SECTIONS = (
    Section(
        "ferplus",
        "bundled",
        "The bundled model on FER+",
        "Trained on FER+ `Training` without any exact or near duplicate of a test face, the epoch chosen and the "
        "calibration fitted on `PublicTest`, reported once on `PrivateTest`. The headline is the de-duplicated "
        "`PrivateTest`, arg-max. `make model` trains both parts; the shipped weights were made with the first part as "
        "it stood in version 0.1 (before faces were also defocused, moved and enlarged again in training), so the "
        "command makes a model alike, not one of the same bits. The report warns below that the weights had seen "
        "this data "
        "set before: the first part learnt from the same `Training` side, from no test face. Figures of the test "
        "side were "
        "seen once before the sizes' correction was added (it changed no accuracy), and chose nothing.",
        ("make model", "ekspresi evaluate ferplus:data/ferplus --out runs/bundled-on-ferplus"),
        (ON_FERPLUS,),
    ),
    Section(
        "ckplus",
        "bundled",
        "The bundled model on CK+48, which it never saw",
        "Cross-data-set: the six classes that FER+ and CK+48 share. *Masked* is the arg-max over those six; in "
        "*unmasked* an answer of neutral or contempt is an error. *Even prior* holds all eight expressions equally "
        "likely beforehand, with the strength that gave the best mean recall on one half of `PublicTest`: disgust is "
        "0.6 % of the training faces and 19 % of these.",
        ("ekspresi evaluate ckplus48:data/CK+48 --out runs/bundled-on-ckplus48",),
        (ON_CKPLUS,),
    ),
    Section(
        "suites",
        "suites",
        "The bundled model through poorer cameras",
        "The same faces of FER+, shrunk otherwise: *kernels* draws nearest, bilinear, bicubic or "
        "Lanczos; *cctv* imitates a camera with lens and motion blur, sensor noise and JPEG. Both are synthetic, and "
        "close to what the training itself does to its faces. In brackets: calibration error; share of faces answered, "
        "and right among those.",
        (
            "ekspresi evaluate ferplus:data/ferplus --suite kernels --out runs/bundled-on-ferplus-kernels",
            "ekspresi evaluate ferplus:data/ferplus --suite cctv --out runs/bundled-on-ferplus-cctv",
        ),
        (ON_FERPLUS, "runs/bundled-on-ferplus-kernels/report.json", "runs/bundled-on-ferplus-cctv/report.json"),
    ),
    Section(
        "aims",
        "aims",
        "What was aimed at",
        "Floors for two CPU cores and targets for a GPU were set before the training; in brackets what was found less "
        "the aim, in points. See above for what it was trained on.",
        files=(ON_FERPLUS, ON_CKPLUS),
    ),
    Section(
        "ablation",
        "ablation",
        "What each change brought",
        "On `PublicTest` (de-duplicated, arg-max), where everything was chosen; differences below one point "
        "are noise (one standard error of a single figure is 0.7 points). The second part went on from the "
        "first: 1.1 million more visits, rare classes drawn more often (`sqrt`), faces also defocused, moved "
        "and enlarged again, wider geometry, the second head, calibration. These came together; what each is "
        "worth alone was not measured. Below, how the second part learnt (uncalibrated): accuracy stands from"
        " epoch 16 on while the NLL still falls, so more epochs of the same would bring little. Not tried "
        "yet: distillation from the sharp view, mixup, erasing, SAM, inputs above 64 px, fewer strides, "
        "larger networks.",
        (
            "ekspresi evaluate ferplus:data/ferplus --model runs/bundled-start/model.onnx --side validation "
            "--out runs/ablation/start",
            "ekspresi evaluate ferplus:data/ferplus --side validation --out runs/ablation/bundled",
        ),
        (*(report for _, report in ABLATION), LEARNING),
    ),
    Section(
        "ablation-short",
        "ablation-short",
        "What each choice is worth on a short schedule",
        "On `PublicTest` (de-duplicated, arg-max). The recipe of `configs/bundled.toml` cut short: three epochs only, "
        "from random weights, warm-up and average of the weights to match; a row changes its own flags and nothing "
        "else. Each is calibrated on one half of these same faces. One training each: differences below one point are "
        "noise (one standard error of a single figure is 0.7 points). A short schedule favours what learns fast, so "
        "this does not say how the variants would stand after a full training; and as the share of small faces rises "
        "over the first tenth of a training, the first of the three epochs is sharp in every row. Seconds are wall "
        "time of the training, on a machine that may have had other work.",
        (
            "# FLAGS and NAME as in the table",
            "ekspresi train --config configs/bundled.toml --init random --epochs 3 --ema-decay 0.99 "
            "--warmup-epochs 0.3 FLAGS --out runs/ablation/NAME",
            "ekspresi export runs/ablation/NAME",
            "ekspresi evaluate ferplus:data/ferplus --model runs/ablation/NAME/model.onnx --side validation "
            "--no-gallery --out runs/ablation/NAME-report",
        ),
        tuple(variant.report for variant in VARIANTS),
        partial=True,
    ),
    Section(
        "speed",
        "speed",
        "Speed of the recogniser",
        "Medians of interleaved repeats on two threads, beside a reference timed in the same run.",
        ("python benchmarks/speed.py --out runs/speed.json",),
        ("runs/speed.json",),
    ),
    Section(
        "int8",
        "int8",
        "Eight-bit weights",
        "No: the network stays float32, because no trial is fast enough. Int8 is the default only where it loses at"
        " most 0.5 points on `PublicTest` at every size *and* the network "
        "alone is at least 1.3 times as fast, on one face and in batches. Post-training, QDQ, batch norms folded, "
        "weights for each channel, ranges from 128 training faces over all sizes.",
        ("python tools/quantise.py src/ekspresi/assets/ekspresi-b0.onnx ferplus:data/ferplus",),
        ("runs/quantise/quantise.json",),
    ),
    Section(
        "paper-fold0",
        "paper",
        "The paper's experiment, `subject-10fold`, one fold",
        "EfficientNet-B0 with every layer fine-tuned, torch's RMSprop, classes oversampled in the training side, "
        "started from the bundled weights (FER+). Nobody in the test fold is seen in training. One fold is a small "
        "test (see the intervals); the full study pools ten.",
        (
            "ekspresi train --config configs/ckplus48.toml --out runs/ckplus48-fold0",
            "ekspresi export runs/ckplus48-fold0",
            "ekspresi evaluate ckplus48:data/CK+48 --model runs/ckplus48-fold0/model.onnx "
            "--out runs/ckplus48-fold0-report",
        ),
        ("runs/ckplus48-fold0-report/report.json",),
    ),
    Section(
        "paper-split",
        "paper",
        "The paper's experiment, `paper-split`",
        "The same training on a random split of the *images*. **Leaky:** most test images have a neighbouring frame "
        "of the same clip in training, so these figures say little about new people; they stand here because the "
        "paper's protocol reads like this one.",
        (
            "ekspresi train --config configs/ckplus48.toml --split paper-split --out runs/ckplus48-paper",
            "ekspresi export runs/ckplus48-paper",
            "ekspresi evaluate ckplus48:data/CK+48 --model runs/ckplus48-paper/model.onnx "
            "--out runs/ckplus48-paper-report",
        ),
        ("runs/ckplus48-paper-report/report.json",),
    ),
    Section("command", "command", "Time and size of a command"),
)
