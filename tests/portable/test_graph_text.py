"""The text of a graph has the parts that a model has, and no others."""

import pytest

from ekspresi.portable.graph_text import write_graph_text
from ekspresi.recognition.metadata import ModelMetadata
from ekspresi.recognition.recognizer import Recognizer


@pytest.fixture(scope="module")
def metadata() -> ModelMetadata:
    return Recognizer(device="cpu").metadata


def test_write_graph_text_names_all_inputs_only_when_asked(metadata):
    plain = write_graph_text(metadata, ["network_logits"], restricted=False, all_inputs=False)
    full = write_graph_text(metadata, ["network_logits"], restricted=False, all_inputs=True)
    assert "(uint8[H, W, C] image, float[N, 4] boxes, float[8] prior) =>" in plain
    inputs = "uint8[H, W, C] image, float[N, 4] boxes, int32[M, 4] crops, float[8] prior, float[A] assumed_px"
    assert f"({inputs}) =>" in full


def test_write_graph_text_sizes_come_from_the_second_output(metadata):
    without = write_graph_text(metadata, ["network_logits"], restricted=False, all_inputs=False)
    having = write_graph_text(metadata, ["network_logits", "network_log2_px"], restricted=False, all_inputs=False)
    assert "own_px = Identity (face_px)" in without and "estimated_px" not in without
    assert "octaves = Cast <to = 11> (network_log2_px)" in having


def test_write_graph_text_masks_only_restricted_labels(metadata):
    texts = [
        write_graph_text(metadata, ["network_logits"], restricted=restricted, all_inputs=False)
        for restricted in (False, True)
    ]
    assert ["Add (free_scores, mask)" in text for text in texts] == [False, True]
