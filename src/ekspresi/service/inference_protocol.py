"""Read and write the tensors of the Open Inference Protocol, version 2 (KServe, Triton, MLServer).

In: the body of an inference request, JSON or JSON with binary tensors behind it. Out: crops; the body of the response.
The binary extension is Triton's ``binary_tensor_data``. Does not know about models.
"""

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from ekspresi.service.choices import CropFields
from ekspresi.service.problems import RequestError, refusal_of

INPUT = "crops"
OUTPUTS: Mapping[str, str] = {"probabilities": "FP32", "effective_px": "FP32", "abstained": "BOOL"}
"""Name of each output -> its data type."""
HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header with the number of bytes of the JSON in front of binary tensors."""

Parameters = Annotated[dict[str, str | bool | int | float], Field(max_length=100)]
"""Parameters of a request, of a tensor or of an output: the protocol has no nested ones."""

_DTYPES = {"FP32": "<f4", "BOOL": "|b1"}
_REMEDY = "See /v2/models/ekspresi for what the model takes."


class InputTensor(BaseModel):
    """Describe the input: N crops of one size.

    >>> InputTensor(name="crops", shape=[1, 2, 2], datatype="UINT8", data=[0, 1, 2, 3]).shape
    [1, 2, 2]
    """

    name: Literal["crops"]
    shape: list[Annotated[int, Field(ge=1)]] = Field(
        min_length=3, max_length=4, description="N, height, width, and 1 or 3 for gray or RGB where it is given."
    )
    datatype: Literal["UINT8"]
    parameters: Parameters = Field(default={}, description="`binary_data_size` where the data follows the JSON.")
    data: Any = Field(default=None, description="Numbers from 0 to 255, row by row; lists may be nested.")


class RequestedOutput(BaseModel):
    """Describe an output that a request asks for.

    >>> RequestedOutput(name="probabilities").parameters
    {}
    """

    name: Literal["probabilities", "effective_px", "abstained"]
    parameters: Parameters = Field(default={}, description="`binary_data`: whether it follows the JSON.")


class InferenceRequest(BaseModel):
    """Describe an inference request.

    >>> InferenceRequest(inputs=[{"name": "crops", "shape": [1, 1, 1], "datatype": "UINT8", "data": [9]}]).id is None
    True
    """

    model_config = {
        "json_schema_extra": {
            "example": {
                "inputs": [{"name": INPUT, "shape": [1, 2, 2], "datatype": "UINT8", "data": [90, 120, 80, 100]}],
                "parameters": {"prior": "uniform"},
            }
        }
    }

    id: str | None = Field(default=None, max_length=200)
    parameters: Parameters = Field(
        default={}, description="`prior` and `labels` as in /v1/recognize; `binary_data_output` for binary outputs."
    )
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(
        default=None, max_length=len(OUTPUTS), description="All outputs if it is left out."
    )

    def crop_fields(self) -> CropFields:
        """Return the choices in the parameters.

        Raises:
            RequestValidationError: a value is wrong.
        """
        known = {key: value for key, value in self.parameters.items() if key in CropFields.model_fields}
        try:
            return CropFields.model_validate(known)
        except ValidationError as error:
            raise refusal_of(error, "parameters") from None


class OutputTensor(BaseModel):
    """Describe an output.

    >>> OutputTensor(name="effective_px", datatype="FP32", shape=[1], data=[12.5]).parameters
    {}
    """

    name: Literal["probabilities", "effective_px", "abstained"]
    datatype: Literal["FP32", "BOOL"]
    shape: list[int]
    parameters: Parameters = Field(default={}, description="`binary_data_size` where the data follows the JSON.")
    data: list[float] | list[bool] | None = Field(default=None, description="Values, row by row.")


class InferenceResponse(BaseModel):
    """Describe an inference response; with binary outputs, this JSON is in front of them.

    >>> InferenceResponse(model_name="ekspresi", outputs=[]).id is None
    True
    """

    model_config = {
        "protected_namespaces": (),  # the protocol's names begin with model_
        "json_schema_extra": {
            "example": {
                "model_name": "ekspresi",
                "outputs": [
                    {"name": "effective_px", "datatype": "FP32", "shape": [1], "data": [12.5]},
                    {"name": "abstained", "datatype": "BOOL", "shape": [1], "data": [False]},
                ],
            }
        },
    }

    model_name: str
    id: str | None = None
    outputs: list[OutputTensor]


def read_inference(
    content: bytes, header_length: str | None, max_crops: int, max_pixels: int
) -> tuple[InferenceRequest, list[NDArray[np.uint8]]]:
    """Read an inference request.

    Args:
        content: the body.
        header_length: value of the header ``HEADER_LENGTH``; None where the body is only JSON.
        max_crops: number of crops that it may hold.
        max_pixels: number of pixels of all crops.

    Returns:
        The request without its data, and its crops, uint8 (H, W) or (H, W, C).

    Raises:
        RequestError: the body is damaged, or holds too many crops or pixels.
        RequestValidationError: a value is wrong.

    Example:
        >>> tensor = '{"name": "crops", "shape": [1, 1, 2], "datatype": "UINT8", "data": [[[7, 9]]]}'
        >>> request, crops = read_inference(b'{"inputs": [%b]}' % tensor.encode(), None, 10, 100)
        >>> crops[0].tolist()
        [[7, 9]]
    """
    end = len(content) if header_length is None else _parse_length(header_length, len(content))
    try:
        values = json.loads(content[:end])
    except (ValueError, RecursionError):
        raise RequestError("invalid-request", f"the body: is not JSON. {_REMEDY}") from None
    try:
        request = InferenceRequest.model_validate(values)
    except ValidationError as error:
        raise refusal_of(error, "body") from None
    tensor = request.inputs[0]
    number, *size = tensor.shape
    if len(size) == 3 and size[2] not in (1, 3):
        raise RequestError("invalid-request", f"shape {tensor.shape}: has {size[2]} colors. Give 1 or 3, or none.")
    if number > max_crops:
        what = f"{number} crops, more than {max_crops}"
        raise RequestError("too-many-crops", f"shape {tensor.shape}: has {what}. Send fewer in a request.")
    if number * size[0] * size[1] > max_pixels:
        what = f"more than {max_pixels / 1e6:g} megapixels"
        raise RequestError("too-many-pixels", f"shape {tensor.shape}: has {what}. Send smaller crops.")
    pixels = _read_pixels(tensor, content[end:])
    tensor.data = None  # as Python numbers, it takes much more memory than the crops
    return request, list(pixels.reshape(tensor.shape))


def write_inference(
    request: InferenceRequest, model: str, outputs: Mapping[str, NDArray[Any]]
) -> tuple[bytes, dict[str, str]]:
    """Write an inference response; return its body and headers.

    Args:
        request: that is answered.
        model: name of the model.
        outputs: array of each name in ``OUTPUTS``.

    Example:
        >>> request = InferenceRequest.model_construct(id="a", parameters={}, outputs=[])
        >>> write_inference(request, "ekspresi", {})[0]
        b'{"model_name":"ekspresi","id":"a","outputs":[]}'
    """
    asked = [RequestedOutput(name=name) for name in OUTPUTS] if request.outputs is None else request.outputs  # type: ignore[arg-type]
    described, binary = [], b""
    for output in asked:
        kind = OUTPUTS[output.name]
        values = outputs[output.name].astype(_DTYPES[kind])
        entry: dict[str, Any] = {"name": output.name, "datatype": kind, "shape": list(values.shape)}
        if output.parameters.get("binary_data", request.parameters.get("binary_data_output", False)) is True:
            entry["parameters"] = {"binary_data_size": values.nbytes}
            binary += values.tobytes()
        else:
            entry["data"] = values.ravel().tolist()
        described.append(entry)
    identity = {} if request.id is None else {"id": request.id}
    text = json.dumps({"model_name": model, **identity, "outputs": described}, separators=(",", ":")).encode()
    if not binary:
        return text, {"Content-Type": "application/json"}
    return text + binary, {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(text))}


def _parse_length(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        problem = "is not a number of bytes within the body"
        raise RequestError("invalid-request", f"header {HEADER_LENGTH}: {problem}. Give the bytes of the JSON.")
    return int(text)


def _read_pixels(tensor: InputTensor, binary: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a tensor, uint8, flat."""
    wanted = math.prod(tensor.shape)
    size = tensor.parameters.get("binary_data_size")
    if size is not None:
        if size != wanted or len(binary) != wanted:
            problem = f"has {len(binary)} bytes behind the JSON and a binary_data_size of {size!r:.20}"
            raise RequestError("invalid-request", f"input crops: {problem}. Send {wanted} bytes for its shape.")
        return np.frombuffer(binary, np.uint8)
    try:
        # As objects first: NumPy would make each item as long as the longest text among them.
        items = np.array(tensor.data, dtype=object).ravel()
        is_right = items.size == wanted and set(map(type, items.tolist())) == {int}
        values = items.astype(np.int64) if is_right else np.empty(0, np.int64)
        is_right = is_right and 0 <= values.min() <= values.max() <= 255
    except (ValueError, OverflowError, TypeError):  # ragged, too deep, or too large
        is_right = False
    if not is_right:
        problem = f"its data is not {wanted} whole numbers from 0 to 255, as its shape says"
        raise RequestError("invalid-request", f"input crops: {problem}. {_REMEDY}")
    return values.astype(np.uint8)
