"""Answer crops by the REST routes of the Open Inference Protocol, version 2."""

from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from ekspresi import __version__
from ekspresi.service.choices import choose
from ekspresi.service.inference_protocol import (
    HEADER_LENGTH,
    INPUT,
    OUTPUTS,
    InferenceRequest,
    InferenceResponse,
    read_inference,
    write_inference,
)
from ekspresi.service.openapi import refer_to
from ekspresi.service.routes.shared import Service, document_errors, require_ready

MODEL = "ekspresi"
"""Name of the model in this protocol."""

router = APIRouter(prefix="/v2", tags=["open inference protocol"])

_BODY = {"required": True, "content": {"application/json": {"schema": refer_to(InferenceRequest)}}}
_ANSWER = {"description": "The outputs.", "content": {"application/json": {"schema": refer_to(InferenceResponse)}}}


@router.get(
    "", operation_id="server_metadata", summary="Name and version of the server", responses=document_errors(401)
)
async def _answer_server() -> dict[str, Any]:
    return {"name": "ekspresi", "version": __version__, "extensions": ["binary_tensor_data"]}


@router.get("/health/live", operation_id="server_live", summary="Whether the process answers")
async def _answer_live() -> dict[str, bool]:
    return {"live": True}


@router.get(
    "/health/ready",
    operation_id="server_ready",
    summary="Whether the service takes requests",
    responses=document_errors(503),
)
async def _answer_ready(service: Service) -> dict[str, bool]:
    require_ready(service)
    return {"ready": True}


@router.get(
    f"/models/{MODEL}",
    operation_id="model_metadata",
    summary="Inputs and outputs of the model",
    responses=document_errors(401),
)
async def _answer_metadata(service: Service) -> dict[str, Any]:
    labels = service.analysis.recognizer.labels
    return {
        "name": MODEL,
        "versions": [service.model_sha256[:12]],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": INPUT, "datatype": "UINT8", "shape": [-1, -1, -1]}],
        "outputs": [
            {"name": name, "datatype": kind, "shape": [-1, len(labels)] if name == "probabilities" else [-1]}
            for name, kind in OUTPUTS.items()
        ],
        "parameters": {"labels": list(labels)},
    }


@router.get(
    f"/models/{MODEL}/ready",
    operation_id="model_ready",
    summary="Whether the model takes requests",
    responses=document_errors(401, 503),
)
async def _answer_model_ready(service: Service) -> dict[str, Any]:
    require_ready(service)
    return {"name": MODEL, "ready": True}


@router.post(
    f"/models/{MODEL}/infer",
    operation_id="infer",
    summary="Recognize the expressions of crops of one size",
    responses={200: _ANSWER, **document_errors(401, 408, 413, 422, 503)},
    openapi_extra={"requestBody": _BODY},
)
async def _answer_inference(request: Request, service: Service) -> Response:
    """Send N gray crops of one size as the input `crops`, UINT8 [N, H, W], or RGB as [N, H, W, 3].

    The outputs are `probabilities` FP32 [N, K] in the order of the labels, `effective_px` FP32 [N], and `abstained`
    BOOL [N]. Tensors may be binary, as in Triton's extension `binary_tensor_data`.
    """
    content, header_length = await request.body(), request.headers.get(HEADER_LENGTH)
    analysis, settings = service.analysis, service.settings
    asked, crops = await analysis.pictures.run(
        read_inference, content, header_length, settings.max_crops, settings.max_pixels
    )
    choices = choose(settings, asked.crop_fields(), {})
    analysis.check_choices(choices)
    predictions = await analysis.predict(await analysis.prepare_arrays(crops), choices)
    outputs = {
        "probabilities": np.array([list(each.probabilities.values()) for each in predictions]),
        "effective_px": np.array(
            [each.face_px if each.effective_px is None else each.effective_px for each in predictions]
        ),
        "abstained": np.array([each.abstained for each in predictions]),
    }
    body, headers = await analysis.pictures.run(write_inference, asked, MODEL, outputs)
    return Response(body, headers=headers)
