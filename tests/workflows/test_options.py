from pathlib import Path

import pytest

from ekspresi.media.timestamps import Window
from ekspresi.workflows.options import PredictOptions, PredictResult, SilentListener


def test_options_are_frozen_and_hashable_values() -> None:
    options = PredictOptions(out=Path("rows.csv"))
    assert options == PredictOptions(out=Path("rows.csv"))
    with pytest.raises(AttributeError):
        options.resume = True  # type: ignore[misc]


def test_options_default_to_all_frames_without_outputs() -> None:
    options = PredictOptions()
    assert options.window == Window()
    assert (options.out, options.annotate, options.page, options.command) == (None, None, None, ())


def test_results_share_no_lists() -> None:
    first, second = PredictResult(), PredictResult()
    first.read.append("a.png")
    first.written.append(Path("rows.csv"))
    assert second.read == [] and second.written == []


def test_silent_listener_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    listener = SilentListener()
    listener.on_start(1, 0, camera=False)
    listener.on_progress(1, 2)
    listener.on_skipped(["a.png: is empty"])
    assert capsys.readouterr() == ("", "")
