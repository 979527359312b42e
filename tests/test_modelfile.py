import json

import pytest

from ekspresi.cropping import CropConvention
from ekspresi.errors import ModelError
from ekspresi.modelfile import ModelMetadata
from ekspresi.preprocessing import Preprocessing

METADATA = ModelMetadata(
    "m",
    ("fear", "anger"),
    Preprocessing(32, "bilinear", 0.4, 0.2),
    CropConvention(1.2, 0.1),
    {"a": 1},
    {"b": [2]},
)


def test_comes_back_as_it_was_written() -> None:
    again = ModelMetadata.from_json(METADATA.to_json(), "x.onnx")
    assert again == METADATA
    assert again.crop.luma == METADATA.crop.luma


def test_names_the_file_that_is_damaged() -> None:
    good = json.loads(METADATA.to_json())
    wrong = [{**good, key: value} for key, value in (("crop", {"zoom": 1}), ("provenance", []), ("labels", [1, 2]))]
    for text in ("{", "[]", "{}", *map(json.dumps, wrong)):
        with pytest.raises(ModelError, match=r"x\.onnx"):
            ModelMetadata.from_json(text, "x.onnx")


def test_refuses_a_newer_format() -> None:
    newer = json.dumps({**json.loads(METADATA.to_json()), "format": 99})
    with pytest.raises(ModelError, match=r"format 99.*upgrade"):
        ModelMetadata.from_json(newer, "x.onnx")
