"""Check that metadata survives a round trip, and that damaged text is refused by the name of its file."""

import json
from dataclasses import replace

import pytest

from ekspresi.errors import ConfigError, ModelError
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing

METADATA = ModelMetadata(
    "m",
    ("fear", "anger"),
    Preprocessing(32, "bilinear", 0.4, 0.2),
    CropConvention(1.2, 0.1),
    ((6, 8), (40, 44)),
    SizeCalibration((8, 48), (1.5, 1.0), (0.9, 0.7), 0.92, (0.1, -0.1), (0.3, 0.7), 0.8, 6),
    {"a": 1},
    {"b": [2]},
)


def test_from_json_restores_what_to_json_wrote() -> None:
    again = ModelMetadata.from_json(METADATA.to_json(), "x.onnx")
    assert again == METADATA
    assert again.crop.luma == METADATA.crop.luma
    plain = replace(METADATA, calibration=None)
    assert ModelMetadata.from_json(plain.to_json(), "x.onnx") == plain


def test_make_strict_takes_the_strict_thresholds() -> None:
    assert METADATA.calibration is not None
    strict = replace(METADATA, calibration=replace(METADATA.calibration, strict_thresholds=(1.01, 0.95)))
    assert ModelMetadata.from_json(strict.to_json(), "x.onnx") == strict
    taken = strict.make_strict().calibration
    assert taken is not None and taken.thresholds == (1.01, 0.95)
    assert replace(strict.make_strict(), calibration=strict.calibration) == strict
    for without in (METADATA, replace(METADATA, calibration=None)):
        with pytest.raises(ConfigError, match="strict: the model 'm' has no strict thresholds"):
            without.make_strict()


def test_from_json_damaged_text_names_the_file() -> None:
    good = json.loads(METADATA.to_json())
    other = (
        ("crop", {"zoom": 1}),
        ("provenance", []),
        ("labels", [1, 2]),
        ("size_correction", [[8, 8], [16, 7]]),
        ("size_correction", [[0, 8]]),
        ("labels", ["fear", "anger", "joy"]),
        ("calibration", {**good["calibration"], "temperatures": [1.0, 0.0]}),
        ("calibration", {**good["calibration"], "sizes_px": [48, 8]}),
        ("calibration", {**good["calibration"], "strict_thresholds": [0.9]}),
    )
    wrong = [{**good, key: value} for key, value in other]
    for text in ("{", "[]", "{}", *map(json.dumps, wrong)):
        with pytest.raises(ModelError, match=r"x\.onnx"):
            ModelMetadata.from_json(text, "x.onnx")


def test_from_json_newer_format_is_refused() -> None:
    newer = json.dumps({**json.loads(METADATA.to_json()), "format": 99})
    with pytest.raises(ModelError, match=r"model format is 99, but this ekspresi reads format 1\. Upgrade ekspresi\."):
        ModelMetadata.from_json(newer, "x.onnx")
