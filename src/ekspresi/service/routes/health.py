"""Say whether the service lives, and whether it takes requests.

In: nothing. Out: a status for a load balancer or a container's runtime. Needs no API key.
"""

from fastapi import APIRouter

from ekspresi.service.routes.shared import Service, require_ready

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", operation_id="is_alive", summary="Whether the process answers")
async def _answer_health() -> dict[str, str]:
    """Answer that the process lives."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", operation_id="is_ready", summary="Whether the service takes requests")
async def _answer_readiness(service: Service) -> dict[str, str]:
    """Answer that the model is loaded and the service does not stop."""
    require_ready(service)
    return {"status": "ready"}
