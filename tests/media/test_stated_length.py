"""What containers state: steps and lengths. Whole and cut files are read in test_video_reader."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("av", reason="extra [video]")

from ekspresi.media.stated_length import stated_length_s, stated_step_s


@pytest.mark.parametrize("unset", [None, Fraction(0, 1)], ids=["PyAV 18", "PyAV 19"])
def test_stated_step_of_a_missing_rate_is_the_default(unset: Fraction | None) -> None:
    stream: Any = SimpleNamespace(average_rate=unset, guessed_rate=unset, frames=3)
    assert stated_step_s(stream) == 1 / 25
    container: Any = SimpleNamespace(
        duration=None, format=SimpleNamespace(name="avi"), streams=SimpleNamespace(video=[stream])
    )
    assert stated_length_s(container) is None
