"""Give the metrics of the service to Prometheus."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from ekspresi.service.routes.shared import Service, document_errors

router = APIRouter(tags=["operation"])

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus's text format, which all its versions read."""


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Counts and times, for Prometheus",
    response_class=PlainTextResponse,
    responses=document_errors(401),
)
async def _answer_metrics(service: Service) -> Response:
    """Answer in Prometheus's text format: requests, times, queues, batches, faces by expression and size."""
    return Response(service.metrics.to_text(), media_type=_MEDIA_TYPE)
