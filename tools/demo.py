"""Run ekspresi on the example pictures: recognize faces, and shrink one down to 8 px.

In: the pictures of ``examples/``. Out: a table on the screen and, in ``demo/``, the annotated pictures, the table as
CSV with its list of sources, a strip of one face from 48 to 8 px with the prediction at each size, and a picture of the
evidence in the corridor's answered face with the lowest confidence. Runs the commands that users run.
"""

import argparse
import sys
from pathlib import Path

from PIL import Image

from ekspresi.cli import app
from ekspresi.cli.terminal import accept_any_character, error_line, print_to_stderr
from ekspresi.errors import EkspresiError, ImageError
from ekspresi.imaging.images import load_image
from ekspresi.media.image_writer import save_picture
from ekspresi.media.paths import image_paths
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.workflows.explain import draw_size_strip

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the demo; exit with 2 on an error that the user can fix."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=Path, default=ROOT / "examples", help="folder of pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder for the results")
    parser.add_argument("--model", type=Path, help="ONNX model; default: the bundled one")
    arguments = parser.parse_args()
    accept_any_character()
    try:
        demo(arguments.examples, arguments.out, arguments.model)
    except EkspresiError as error:
        print_to_stderr(error_line(error))
        sys.exit(2)


def demo(examples: Path, out: Path, model: Path | None) -> None:
    """Write the table, the annotated pictures and the strip to ``out``.

    Raises:
        EkspresiError: a picture or the model cannot be read, or ``out`` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    words = ["predict", str(examples), "--annotate", str(out), "--out", str(out / "faces.csv")]
    words += ["--model", str(model)] if model else []
    print("$ ekspresi", *words)
    app(words, standalone_mode=False)

    analyzer = Analyzer(Recognizer(model))
    pictures = {path.stem: path for path in image_paths([examples])}
    for name in ("astronaut", "corridor"):
        if name not in pictures:
            raise ImageError(f"{examples}: has no picture named '{name}'. Restore it from the repository.")
    image = load_image(pictures["astronaut"])
    (crop,) = analyzer.crops(image, analyzer.analyze(image)[:1])
    save_picture(draw_size_strip(analyzer.recognizer, crop), out / "strip.png")
    print(f"written: {out / 'strip.png'} (one face from 48 to 8 px, with the prediction at each size)")

    image = load_image(pictures["corridor"])
    faces = analyzer.analyze(image)
    answered = [face for face in faces if face.prediction and not face.prediction.abstained]
    least_sure = min(answered, key=lambda face: face.prediction.confidence if face.prediction else 1.0)
    save_picture(Image.fromarray(analyzer.crops(image, [least_sure])[0]), out / "face.png")
    words = ["explain", str(out / "face.png"), "--detector", "none", "--out", str(out / "explained.png")]
    words += ["--model", str(model)] if model else []
    print("$ ekspresi", *words)
    app(words, standalone_mode=False)


if __name__ == "__main__":
    main()
