"""Parse durations as people type them.

In: '0.2s', '200ms', '1m30s', '1:30', '1:02:03.5', '90'. Out: seconds. Does not know about any command.
"""

import math
import re
from itertools import pairwise

import typer

_UNITS_S = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_PART = re.compile(rf"({_NUMBER})\s*(h|min|ms|m|s)\s*")
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d*)?)")


def seconds(text: str, option: str) -> float:
    """Parse a duration to seconds; a bare number is in seconds already.

    Args:
        text: as typed.
        option: name of the option, for the error.

    Raises:
        typer.BadParameter: the text is not a duration.

    Example:
        >>> [seconds(text, "--end") for text in ("1m30s", "0:04", "200ms")]
        [90.0, 4.0, 0.2]
    """
    typed = text.strip().lower()
    if re.fullmatch(_NUMBER, typed):
        return float(typed)
    if found := _CLOCK.fullmatch(typed):
        hours, minutes, rest = found.groups(default="0")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)
    parts = list(_PART.finditer(typed))
    units = [_UNITS_S[part[2]] for part in parts]
    falling = all(before > after for before, after in pairwise(units))
    if not parts or not falling or "".join(part[0] for part in parts) != typed:
        problem = f"'{text}' is not a duration. Examples: 0.2s, 200ms, 1m30s, 1:30."
        raise typer.BadParameter(problem, param_hint=option)
    return math.fsum(float(part[1]) * unit for part, unit in zip(parts, units, strict=True))
