import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from ekspresi import types
from ekspresi.types import Face, Frame, FrameResult, Prediction, Row

PREDICTION = Prediction("fear", 0.8, {"fear": 0.8, "anger": 0.2}, face_px=12.0, effective_px=9.5)
FACE = Face((1.0, 2.0, 13.0, 14.0), 0.9, prediction=PREDICTION)
ROW = Row("a.mp4", frame=3, time_s=0.12, track=1, face=FACE)


def frame() -> Frame:
    return Frame("a.mp4", 3, 0.12, np.zeros((20, 30, 3), np.uint8))


VALUES = (PREDICTION, FACE, ROW, frame(), FrameResult(frame(), (ROW,), (FACE.box_xyxy,)))


def test_values_are_all_the_classes_of_the_module() -> None:
    classes = {each for each in vars(types).values() if isinstance(each, type) and is_dataclass(each)}
    assert {type(value) for value in VALUES} == classes


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_cannot_be_changed(value: Any) -> None:
    for name in value.__dataclass_fields__:
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)
    assert not hasattr(value, "__dict__")


def test_answer_of_an_abstained_prediction_is_unsure() -> None:
    assert PREDICTION.answer == "fear"
    unsure = replace(PREDICTION, abstained=True)
    assert (unsure.answer, unsure.expression) == ("unsure", "fear")


def test_rows_are_compared_by_their_values() -> None:
    assert pickle.loads(pickle.dumps(ROW)) == ROW
    assert Row("a.mp4", 3, 0.12, 2, FACE) != ROW


def test_frames_are_compared_by_identity() -> None:
    one, two = frame(), frame()
    assert one == one and one != two
    assert len({one, two, FrameResult(one, (), ()), FrameResult(one, (), ())}) == 4


def test_defaults_mean_unknown_and_answered() -> None:
    assert Prediction("fear", 0.8, {"fear": 0.8}, 12.0) == Prediction("fear", 0.8, {"fear": 0.8}, 12.0, None, False)
    assert (Face((0, 0, 1, 1), 0.5).landmarks, Face((0, 0, 1, 1), 0.5).prediction) == (None, None)
    assert frame().cut is False


def test_types_load_without_numpy() -> None:
    code = "import sys, ekspresi.types; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
