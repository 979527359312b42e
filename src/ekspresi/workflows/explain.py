"""Explain the predictions of a picture's faces: which parts matter, and what remains at smaller sizes.

In: ``ExplainOptions`` and a listener. Out: a picture file, and an ``ExplainResult``. Does not know about screens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import ImageError, OutputError
from ekspresi.imaging.degradations import SIZES_PX
from ekspresi.imaging.images import load_image
from ekspresi.media.image_writer import picture_file
from ekspresi.pipeline.analyzer import AnalyzerConfig
from ekspresi.recognition import explanation
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.types import Face
from ekspresi.visualization.explanation_sheet import render_explanations
from ekspresi.visualization.size_strip import draw_sizes

MAX_FACES = 24
"""Faces that are explained; with more, a picture would have more than about 7,000 px on a side."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")
"""Endings of the picture's name, in lower case; upper case is accepted too."""


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """Options of an explanation.

    Attributes:
        image: picture with faces.
        out: picture to write, .png or .jpg; None for ``NAME-explained.png`` in the current folder.
        config: the analyzer.
        overwrite: replace also a file that ekspresi did not write.

    Example:
        >>> ExplainOptions(Path("face.jpg"), config=AnalyzerConfig(detector="none")).out is None
        True
    """

    image: Path
    out: Path | None = None
    config: AnalyzerConfig = field(default_factory=AnalyzerConfig)
    overwrite: bool = False


class ExplainListener(Protocol):
    """Receive the events of an explanation.

    Example:
        >>> from ekspresi.workflows.options import SilentListener
        >>> listener: ExplainListener = SilentListener()
        >>> listener.on_progress(done=1, total=3)
    """

    def on_progress(self, done: int, total: int) -> None:
        """Receive how many faces have been explained, and how many will be."""


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """Result of an explanation.

    Attributes:
        written: the picture, with one band for each explained face.
        faces: the explained faces, largest first; at most ``MAX_FACES``.
        explanations: one for each of ``faces``.
        found: number of faces in the picture.

    Example:
        >>> ExplainResult(Path("x-explained.png"), (), (), found=0).found
        0
    """

    written: Path
    faces: tuple[Face, ...]
    explanations: tuple[explanation.Explanation, ...]
    found: int


def explain_image(options: ExplainOptions, listener: ExplainListener) -> ExplainResult:
    """Explain each face of a picture and write the explanations as one picture.

    Args:
        options: picture, analyzer and target.
        listener: receives progress.

    Raises:
        ImageError: the picture cannot be read, or has no face.
        OutputError: the target cannot be written, or would replace the source or a foreign file.
        ModelError, ConfigError, MissingExtraError: see ``AnalyzerConfig.build``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from ekspresi.workflows.options import SilentListener
        >>> with TemporaryDirectory() as folder:
        ...     face, out = Path(folder) / "face.png", Path(folder) / "why.png"
        ...     Image.new("L", (8, 8)).save(face)
        ...     config = AnalyzerConfig(detector="none", device="cpu")
        ...     explain_image(ExplainOptions(face, out, config), SilentListener()).found
        1
    """
    target = explanation_target(options.image, options.out)
    check_replaceable(target, overwrite=options.overwrite, choice="--out")
    analyzer = options.config.build()
    with picture_file(target) as write:
        rgb = load_image(options.image)
        faces = analyzer.analyze(rgb)
        if not faces:
            remedy = "Try a smaller --min-face-px, or --detector none if the picture is one face crop"
            raise ImageError(f"{options.image}: no face found. {remedy}.")
        shown = faces[:MAX_FACES]
        explanations = []
        for crop in analyzer.crops(rgb, shown):
            explanations.append(explanation.explain(analyzer.recognizer, crop))
            listener.on_progress(len(explanations), len(shown))
        write(render_explanations(explanations))
    return ExplainResult(target, tuple(shown), tuple(explanations), len(faces))


def explanation_target(image: Path, out: Path | None) -> Path:
    """Choose where the picture is written.

    Args:
        image: the picture to explain.
        out: the target; None for ``NAME-explained.png`` in the current folder.

    Raises:
        OutputError: the name has another ending, or is that of the picture to explain.

    Example:
        >>> explanation_target(Path("in/face.jpg"), None).name
        'face-explained.png'
    """
    target = Path(f"{image.stem}-explained.png") if out is None else out
    if target.suffix.lower() not in PICTURE_ENDINGS:
        raise OutputError(f"{target}: is not the name of a picture. Let it end in .png or .jpg.")
    if target.exists() and image.exists() and target.samefile(image):
        raise OutputError(f"{target}: is the picture to explain. Give the output another name.")
    return target


def draw_size_strip(recognizer: Recognizer, crop: NDArray[np.uint8], sizes: Sequence[int] = SIZES_PX) -> Image.Image:
    """Draw a face at falling sizes with the prediction at each.

    Args:
        recognizer: the model.
        crop: uint8 (H, W), (H, W, 1) or (H, W, 3) RGB; sizes above its own show it once, unchanged.
        sizes: sides of the square in pixels, shrunk by area averaging.

    Example:
        >>> strip = draw_size_strip(Recognizer(device="cpu"), np.zeros((16, 16), np.uint8), sizes=(16, 8))
        >>> strip.mode
        'RGB'
    """
    return draw_sizes(explanation.predict_at_sizes(recognizer, crop, sizes))
