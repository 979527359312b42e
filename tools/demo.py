"""The main job on the example pictures: find faces, recognise expressions, see what is left at 8 px.

In: the pictures of ``examples/``. Out: a table on the screen and, in ``demo/``, the annotated pictures, the
table as CSV, and a strip of one face from 48 to 8 px with the belief at each. Calls only what users can call.
"""

import argparse
import sys
from pathlib import Path

from ekspresi.analysis import Analyzer
from ekspresi.cli import app
from ekspresi.cli.terminal import error_line, tell
from ekspresi.drawing import strip
from ekspresi.errors import EkspresiError, ImageError
from ekspresi.images import load_image
from ekspresi.outputs import save_picture
from ekspresi.recognition import Recognizer
from ekspresi.sources import image_paths

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the demo; never returns where something fails that the user can mend."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=Path, default=ROOT / "examples", help="folder of pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "demo", help="folder for what the demo makes")
    parser.add_argument("--model", type=Path, help="ONNX model; the bundled one if not given")
    arguments = parser.parse_args()
    try:
        demo(arguments.examples, arguments.out, arguments.model)
    except EkspresiError as error:
        tell(error_line(error))
        sys.exit(2)


def demo(examples: Path, out: Path, model: Path | None) -> None:
    """Pictures -> table, annotated pictures and strip in ``out``.

    Raises:
        EkspresiError: a picture or the model cannot be read, or ``out`` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    words = ["predict", str(examples), "--annotate", str(out), "--out", str(out / "faces.csv")]
    words += ["--model", str(model)] if model else []
    print("$ ekspresi", *words)
    app(words, standalone_mode=False)

    analyzer = Analyzer(Recognizer(model))
    portrait = next((path for path in image_paths([examples]) if path.stem == "astronaut"), None)
    if portrait is None:
        raise ImageError(f"{examples}: holds no picture named 'astronaut'; restore it from the repository")
    image = load_image(portrait)
    face = analyzer.analyze(image)[0]
    crop = analyzer.recognizer.metadata.crop.crop(image, face.box_xyxy)
    save_picture(strip(analyzer.recognizer, crop), out / "strip.png")
    print(f"written: {out / 'strip.png'} (one face from 48 to 8 px, with the belief at each size)")


if __name__ == "__main__":
    main()
