"""Give the metrics of the service to Prometheus."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import PlainTextResponse, Response

from ekspresi.service.routes.shared import Service, document_errors

router = APIRouter(tags=["operation"])


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Counts and times, for Prometheus",
    response_class=PlainTextResponse,
    responses=document_errors(401),
)
async def _answer_metrics(service: Service) -> Response:
    """Answer in Prometheus's text format: requests, times, queues, batches, faces by expression and size."""
    return Response(service.metrics.to_text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
