"""Write the constants of detection, tracking, fusion and explanation as a JavaScript module for the page's engine.

In: the constants of the Python modules. Out: the text of ``js/engine/constants.js``. Does not know how either side uses
them. The engine repeats methods of Python modules; their numbers stay in one place, and both give the same answers.
"""

import json
from types import ModuleType

import numpy as np

from ekspresi.detection import mtcnn, pyramid, tiling
from ekspresi.imaging import degradations
from ekspresi.pipeline import fusion
from ekspresi.recognition import explanation
from ekspresi.tracking import bytetrack, kalman

ENGINE_CONSTANTS: dict[str, tuple[ModuleType, tuple[str, ...]]] = {
    "PYRAMID": (pyramid, ("WINDOW_PX", "PYRAMID_STEP")),
    "MTCNN": (
        mtcnn,
        (
            *("STRIDE_PX", "MAX_ENLARGEMENT", "STRIP_PX", "OVERSIZE", "LEAST_OVERSIZE", "FREE_PX", "TILE_PX"),
            *("OVERLAP_PX", "COARSER", "DETAIL", "THRESHOLDS", "MAX_PROPOSALS", "BATCH"),
        ),
    ),
    "TILING": (tiling, ("SEAM_PX", "SAME_FACE")),
    "TRACKING": (
        bytetrack,
        (
            *("HIGH_SCORE", "LOST_S", "LOST_STEPS", "LONGEST_STEP_S", "FRAME_S", "MARGIN_PX", "MIN_IOU"),
            *("MIN_IOU_LOW_SCORE", "MAX_WIDENING", "STEPS_KEPT"),
        ),
    ),
    "KALMAN": (kalman, ("MEASUREMENT_STD", "INITIAL_SPEED_STD", "ACCELERATION_STD")),
    "FUSION": (
        fusion,
        (*("ERROR_CORRELATION", "TIME_CONSTANT_S", "SIZE_POWER", "FULL_PX", "SMALLEST_PROBABILITY", "DROPPED_S"),),
    ),
    "DEGRADATIONS": (degradations, ("SIZES_PX",)),
    "EXPLANATION": (explanation, ("PATCH", "GRID")),
}
"""Name in JavaScript -> the Python module and the names of its constants."""


def write_engine_constants() -> str:
    """Return the module that the engine imports as ``constants.js``: an object for each Python module.

    Example:
        >>> [line for line in write_engine_constants().splitlines() if "EXPLANATION" in line]
        ['export const EXPLANATION = {"PATCH": 0.25, "GRID": 16};']
    """
    lines = ["/** Constants of the Python modules, written by studio/engine_constants.py. */"]
    for name, (module, constants) in ENGINE_CONSTANTS.items():
        values = {constant: _plain(getattr(module, constant)) for constant in constants}
        lines.append(f"export const {name} = {json.dumps(values)};")
    return "\n".join([*lines, ""])


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value
