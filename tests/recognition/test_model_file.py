"""Damaged and foreign files are refused by name; ``test_recognizer`` has the errors of graphs that do not fit."""

from pathlib import Path

import pytest

from ekspresi.errors import ModelError
from ekspresi.recognition.model_file import check_graph, open_model, read_metadata, read_model


def test_read_model_of_a_folder_names_the_problem(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a folder, not a model"):
        read_model(tmp_path)
    with pytest.raises(ModelError, match="no such model file"):
        read_model(tmp_path / "absent.onnx")


def test_open_model_of_text_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a\.onnx: is not an ONNX model"):
        open_model(b"text", tmp_path / "a.onnx", 1, "cpu")


def test_check_graph_returns_the_outputs_of_a_model(tiny_model: Path) -> None:
    session = open_model(read_model(tiny_model), tiny_model, 1, "cpu")
    metadata = read_metadata(session, tiny_model, strict=False)
    assert (metadata.name, check_graph(session, metadata, tiny_model)) == ("tiny", ["logits"])
