"""Flags that several commands share: what they are called, what they mean, what they show.

In: nothing. Out: types for the parameters of commands. Knows no command.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ekspresi.types import Prior

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


class PriorName(StrEnum):
    """Names that ``--prior`` takes."""

    TRAINED = "trained"
    UNIFORM = "uniform"


PriorChoice = Annotated[
    PriorName,
    typer.Option(
        "--prior",
        help="Class prior: 'trained' as in the training data, 'uniform' for posed or balanced data. The abstention "
        "threshold was fitted under 'trained'.",
    ),
]

EvenPrior = Annotated[bool, typer.Option("--even-prior", hidden=True)]
"""The older name of ``--prior uniform``."""


def prior_of(prior: PriorName, even_prior: bool) -> Prior:
    """Return the prior that the flags ask for; the older one warns."""
    if even_prior:
        typer.echo("note: --even-prior is deprecated. Use --prior uniform.", err=True)
    return "uniform" if even_prior or prior == PriorName.UNIFORM else "trained"
