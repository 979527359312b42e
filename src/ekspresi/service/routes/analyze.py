"""Answer a picture with its faces."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from ekspresi.service.bodies import read_body
from ekspresi.service.choices import PictureFields, choose
from ekspresi.service.routes.shared import Service, document_body, document_errors, face_rows
from ekspresi.service.schemas import AnalyzeAnswer

router = APIRouter(tags=["faces"])


@router.post(
    "/v1/analyze",
    operation_id="analyze",
    summary="Find the faces of a picture, and recognize their expressions",
    response_model=AnalyzeAnswer,
    responses=document_errors(401, 408, 413, 415, 422, 503),
    openapi_extra=document_body(PictureFields.model_json_schema()["properties"], several=False),
)
async def _answer_picture(request: Request, service: Service, query: Annotated[PictureFields, Query()]) -> JSONResponse:
    """Send a form with one file, or the bytes of a picture.

    The rows are those of `ekspresi predict --out x.jsonl`, and have the detector's `score` and `landmarks` too.
    Of an animation or a file of pages, the first frame is read, and a note says so.
    """
    body = await read_body(request, most_uploads=1)
    choices = choose(service.settings, query, body.fields)
    service.analysis.check_choices(choices)
    (picture,) = body.uploads
    found = await service.analysis.find(picture, choices.min_face_px)
    faces = await service.analysis.recognize(found, choices)
    rows = face_rows(faces, [picture.name] * len(faces), service.analysis.recognizer.labels)
    return JSONResponse({"faces": rows, "width": found.width, "height": found.height, "notes": found.notes})
