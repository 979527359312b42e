"""Tensors of the Open Inference Protocol: what is read, refused and written."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError

from ekspresi.service.inference_protocol import HEADER_LENGTH, InferenceRequest, read_inference, write_inference
from ekspresi.service.problems import RequestError

OUTPUTS = {
    "probabilities": np.array([[0.25, 0.75]]),
    "effective_px": np.array([12.5]),
    "abstained": np.array([True]),
}


def body(shape: list[int], data: Any = None, **changes: Any) -> bytes:
    tensor = {"name": "crops", "shape": shape, "datatype": "UINT8", "data": data, **changes}
    return json.dumps({"inputs": [tensor]}).encode()


def read(content: bytes, header_length: str | None = None, crops: int = 10, pixels: int = 1000) -> Any:
    return read_inference(content, header_length, crops, pixels)


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[[1, 2]], [[3, 4]]]])
def test_read_inference_takes_flat_and_nested_data(data: Any) -> None:
    _, crops = read(body([2, 1, 2], data))
    assert [crop.tolist() for crop in crops] == [[[1, 2]], [[3, 4]]] and crops[0].dtype == np.uint8


def test_read_inference_takes_colors() -> None:
    _, (crop,) = read(body([1, 1, 2, 3], list(range(6))))
    assert crop.tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_read_inference_takes_binary_data() -> None:
    text = body([2, 1, 2], parameters={"binary_data_size": 4})
    _, crops = read(text + bytes([1, 2, 3, 255]), str(len(text)))
    assert [crop.tolist() for crop in crops] == [[[1, 2]], [[3, 255]]]


@pytest.mark.parametrize(
    "data",
    [None, [], [1, 2, 3], [1, 2, 3, 256], [1, 2, 3, -1], [1, 2, 3, 4.5], ["1"] * 4, [[1, 2], [3]], [1, 2, 3, 10**400],
     {"a": 1}, [None] * 4, "abcd", [True, False, True, False]],
)  # fmt: skip
def test_read_inference_refuses_other_data(data: Any) -> None:
    with pytest.raises(RequestError, match="its data is not 4 whole numbers from 0 to 255"):
        read(body([2, 1, 2], data))


@pytest.mark.parametrize("content", [b"", b"x", b"\xff", b"[" * 100_000, b'{"inputs": 1' + b"0" * 10_000 + b"}"])
def test_read_inference_refuses_what_is_no_json(content: bytes) -> None:
    with pytest.raises(RequestError, match="the body: is not JSON"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [b"null", b"{}", b'{"inputs": []}', body([1, 1]), body([0, 1, 1]), body([1, 1, 1], datatype="FP32"),
     body([1, 1, 1], name="pictures"), body([-1, 1, 1]), body([1, 1, 1, 1, 1])],
)  # fmt: skip
def test_read_inference_refuses_wrong_fields(content: bytes) -> None:
    with pytest.raises(RequestValidationError):
        read(content)


@pytest.mark.parametrize(
    ("shape", "name"),
    [([11, 1, 1], "too-many-crops"), ([2, 600, 1], "too-many-pixels"), ([1, 10**9, 10**9], "too-many-pixels"),
     ([1, 1, 1, 4], "invalid-request")],
)  # fmt: skip
def test_read_inference_refuses_a_shape_beyond_the_limits(shape: list[int], name: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(body(shape, [0]))
    assert caught.value.name == name


@pytest.mark.parametrize("header", ["", "-1", "1e3", "9999", "٣", "1" * 20])
def test_read_inference_refuses_a_wrong_header(header: str) -> None:
    with pytest.raises(RequestError, match=f"header {HEADER_LENGTH}"):
        read(body([1, 1, 1], [0]), header)


@pytest.mark.parametrize("size", [3, 4, "4", True])
def test_read_inference_refuses_binary_data_of_another_size(size: Any) -> None:
    text = body([2, 1, 2], parameters={"binary_data_size": size})
    with pytest.raises(RequestError, match=r"Send 4 bytes for its shape\."):
        read(text + bytes(5), str(len(text)))


def test_write_inference_gives_all_outputs_as_json() -> None:
    content, headers = write_inference(InferenceRequest.model_validate_json(body([1, 1, 1], [0])), "m", OUTPUTS)
    assert headers == {"Content-Type": "application/json"}
    assert json.loads(content) == {
        "model_name": "m",
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [1, 2], "data": [0.25, 0.75]},
            {"name": "effective_px", "datatype": "FP32", "shape": [1], "data": [12.5]},
            {"name": "abstained", "datatype": "BOOL", "shape": [1], "data": [True]},
        ],
    }


def test_write_inference_gives_binary_outputs_behind_the_json() -> None:
    asked = [{"name": "abstained"}, {"name": "probabilities", "parameters": {"binary_data": True}}]
    values = json.loads(body([1, 1, 1], [0])) | {"outputs": asked, "id": "job"}
    content, headers = write_inference(InferenceRequest.model_validate(values), "m", OUTPUTS)
    length = int(headers[HEADER_LENGTH])
    answer = json.loads(content[:length])
    assert (answer["id"], [output["name"] for output in answer["outputs"]]) == ("job", ["abstained", "probabilities"])
    assert answer["outputs"][1]["parameters"] == {"binary_data_size": 8}
    assert np.frombuffer(content[length:], "<f4").tolist() == [0.25, 0.75]


def test_crop_fields_reads_the_parameters() -> None:
    request = InferenceRequest.model_validate_json(body([1, 1, 1], [0]))
    fields = request.model_copy(update={"parameters": {"prior": "uniform", "sequence_id": 3}}).crop_fields()
    assert (fields.prior, fields.labels) == ("uniform", None)
    with pytest.raises(RequestValidationError):
        request.model_copy(update={"parameters": {"prior": 3}}).crop_fields()


def test_read_inference_with_a_long_text_takes_little_memory() -> None:
    content = body([2000, 1, 1], ["a" * 100_000, *[1] * 1999])
    tracemalloc.start()
    with pytest.raises(RequestError, match="its data is not 2000 whole numbers"):
        read(content, crops=2000, pixels=2000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10_000_000


def test_read_inference_refuses_more_outputs_than_there_are() -> None:
    values = json.loads(body([1, 1, 1], [1])) | {"outputs": [{"name": "probabilities"}] * 4}
    with pytest.raises(RequestValidationError, match="at most 3 items"):
        read(json.dumps(values).encode())


def test_read_inference_forgets_the_data() -> None:
    assert read(body([1, 1, 1], [1]))[0].inputs[0].data is None


@pytest.mark.parametrize(
    "parameters", [{"binary_data_size": [4]}, {"a": {}}, {str(number): 1 for number in range(101)}]
)
def test_read_inference_refuses_nested_or_many_parameters(parameters: Any) -> None:
    values = json.loads(body([1, 1, 1], [1])) | {"parameters": parameters}
    with pytest.raises(RequestValidationError):
        read(json.dumps(values).encode())
