"""Answer face crops with their expressions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from ekspresi.service.bodies import read_body
from ekspresi.service.choices import CropFields, choose
from ekspresi.service.routes.shared import Service, document_body, document_errors, face_rows
from ekspresi.service.schemas import RecognizeAnswer

router = APIRouter(tags=["faces"])


@router.post(
    "/v1/recognize",
    operation_id="recognize",
    summary="Recognize the expressions of face crops",
    response_model=RecognizeAnswer,
    responses=document_errors(401, 408, 413, 415, 422, 503),
    openapi_extra=document_body(CropFields.model_json_schema()["properties"], several=True),
)
async def _answer_crops(request: Request, service: Service, query: Annotated[CropFields, Query()]) -> JSONResponse:
    """Send a form with a file for each crop, or the bytes of one crop. Each crop is one face that fills it.

    The rows are those of `ekspresi predict --detector none`, in the order of the files.
    """
    body = await read_body(request, most_uploads=service.settings.max_crops)
    choices = choose(service.settings, query, body.fields)
    service.analysis.check_choices(choices)
    found = await service.analysis.prepare(body.uploads)
    faces = await service.analysis.recognize(found, choices)
    labels = service.analysis.recognizer.labels
    rows = [face_rows([face], [crop.name], labels)[0] for face, crop in zip(faces, body.uploads, strict=True)]
    return JSONResponse({"faces": rows, "notes": found.notes})
