"""Flags that several commands share: what they are called, what they mean, what they show.

In: nothing. Out: types for the parameters of commands. Knows no command.
"""

from pathlib import Path
from typing import Annotated

import typer

DetectorName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="'mtcnn'; 'yunet', with a network that is downloaded once, or 'yunet:FILE'; 'none' where a picture is one "
        "face crop.",
    ),
]

ModelFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A model made by 'ekspresi export', not the bundled one.")
]

MinFacePx = Annotated[float, typer.Option(metavar="N", help="Width in pixels of the smallest face to search for.")]

Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace also files that ekspresi did not make, and what an unfinished run left; never what is read-only.",
    ),
]

EvenPrior = Annotated[
    bool,
    typer.Option(
        "--even-prior",
        help="Hold all expressions equally likely beforehand: for posed or balanced material. The precision behind "
        "'unsure' was set without it.",
    ),
]
