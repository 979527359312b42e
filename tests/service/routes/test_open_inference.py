"""The Open Inference Protocol over HTTP."""

import json
from typing import Any

import numpy as np
import pytest

from ekspresi.service.inference_protocol import HEADER_LENGTH
from tests.support.gray_model import level
from tests.support.service_calls import LABELS, call

URL = "/v2/models/ekspresi"


def request(*marks: int, **changes: Any) -> dict[str, Any]:
    crops = [np.full((10, 12), level(mark, len(LABELS))).tolist() for mark in marks]
    tensor = {"name": "crops", "shape": [len(marks), 10, 12], "datatype": "UINT8", "data": crops}
    return {"inputs": [tensor], **changes}


def outputs(response: Any) -> dict[str, Any]:
    return {each["name"]: np.array(each["data"]).reshape(each["shape"]) for each in response.json()["outputs"]}


def test_metadata_names_inputs_outputs_and_labels(make_app: Any) -> None:
    app = make_app()
    assert call(app, "GET", "/v2").json()["extensions"] == ["binary_tensor_data"]
    found = call(app, "GET", URL).json()
    assert found["inputs"] == [{"name": "crops", "datatype": "UINT8", "shape": [-1, -1, -1]}]
    assert found["outputs"][0] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 8]}
    assert found["parameters"]["labels"] == list(LABELS)


def test_health_says_live_and_ready(make_app: Any) -> None:
    app = make_app()
    assert call(app, "GET", "/v2/health/live").json() == {"live": True}
    assert call(app, "GET", "/v2/health/ready").json() == {"ready": True}
    assert call(app, "GET", f"{URL}/ready").json() == {"name": "ekspresi", "ready": True}
    app.state.service.stopping = True
    assert [call(app, "GET", path).status_code for path in ("/v2/health/ready", f"{URL}/ready")] == [503, 503]


def test_infer_answers_crops_in_order(make_app: Any) -> None:
    response = call(make_app(), "POST", f"{URL}/infer", json=request(3, 0, 6, id="job"))
    found = outputs(response)
    assert found["probabilities"].argmax(axis=1).tolist() == [3, 0, 6] and response.json()["id"] == "job"
    assert found["effective_px"].tolist() == [10, 10, 10] and not found["abstained"].any()


def test_infer_applies_labels(make_app: Any) -> None:
    asked = request(3, parameters={"labels": f"{LABELS[1]},{LABELS[2]}"})
    (row,) = outputs(call(make_app(), "POST", f"{URL}/infer", json=asked))["probabilities"]
    assert row.argmax() == 2 and row[3] == 0


def test_infer_takes_and_gives_binary_tensors(make_app: Any) -> None:
    tensor = {"name": "crops", "shape": [1, 2, 2], "datatype": "UINT8", "parameters": {"binary_data_size": 4}}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {HEADER_LENGTH: str(len(text)), "Content-Type": "application/octet-stream"}
    content = text + bytes([level(5, len(LABELS))] * 4)
    response = call(make_app(), "POST", f"{URL}/infer", content=content, headers=headers)
    length = int(response.headers[HEADER_LENGTH])
    probabilities = np.frombuffer(response.content[length:], "<f4", count=8)
    assert response.headers["content-type"] == "application/octet-stream" and probabilities.argmax() == 5


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 422), (b"{}", 422), (json.dumps(request(1, parameters={"labels": "joy"})).encode(), 422),
     (json.dumps(request(*[1] * 300)).encode(), 413)],
)  # fmt: skip
def test_infer_errors_have_the_member_of_the_protocol(make_app: Any, content: bytes, status: int) -> None:
    response = call(make_app(), "POST", f"{URL}/infer", content=content)
    assert (response.status_code, response.json()["error"]) == (status, response.json()["detail"])


def test_other_models_are_unknown(make_app: Any) -> None:
    response = call(make_app(), "GET", "/v2/models/other")
    assert response.status_code == 404 and response.json()["error"].startswith("GET /v2/models/other: no such")
