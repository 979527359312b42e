"""Describe the model that answers, where it comes from, and how sure it must be."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from ekspresi import __version__
from ekspresi.recognition.pretrained import read_model_card
from ekspresi.service.routes.shared import Service, document_errors
from ekspresi.service.schemas import ModelAnswer

router = APIRouter(tags=["model"])


@router.get(
    "/v1/model",
    operation_id="model",
    summary="The model, its provenance, and its figures",
    response_model=ModelAnswer,
    responses=document_errors(401),
)
async def _answer_model(service: Service) -> JSONResponse:
    """Answer with the labels, the thresholds of *unsure*, and what the model was trained on."""
    recognizer, settings = service.analysis.recognizer, service.settings
    metadata = recognizer.metadata
    calibration = metadata.calibration
    thresholds = [] if calibration is None else zip(calibration.sizes_px, calibration.thresholds, strict=True)
    answer = ModelAnswer(
        name=metadata.name,
        sha256=service.model_sha256,
        ekspresi=__version__,
        provider=recognizer.provider,
        detector=settings.detector.partition(":")[0],
        min_face_px=settings.min_face_px,
        prior=settings.prior,
        strict=settings.strict,
        labels=list(recognizer.labels),
        trained_prior=recognizer.class_prior,
        smallest_px=None if calibration is None else calibration.smallest_px,
        precision=None if calibration is None else calibration.precision,
        thresholds=[{"effective_px": size, "confidence": threshold} for size, threshold in thresholds],
        estimates_size=recognizer.estimates_size,
        provenance=without_folders(metadata.provenance),
        card=None if settings.model else read_model_card(),
    )
    return JSONResponse(answer.model_dump())


def without_folders(value: Any) -> Any:
    """Reduce all paths in a JSON value to the names of their files: folders of the training machine are private.

    >>> without_folders({"init": "/home/me/runs/model.safetensors", "epochs": 3})
    {'init': 'model.safetensors', 'epochs': 3}
    """
    if isinstance(value, dict):
        return {key: without_folders(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_folders(each) for each in value]
    if isinstance(value, str):
        return " ".join(word.replace("\\", "/").rstrip("/").rpartition("/")[2] for word in value.split(" "))
    return value
