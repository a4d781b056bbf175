"""Routes for monitoring: liveness, readiness, Prometheus metrics."""

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST

from studio.server.dependencies import Maintenance, Rendering, Requests, require_metrics
from studio.server.schemas import API_PREFIX

router = APIRouter(tags=["monitoring"])


@router.get(f"{API_PREFIX}/health")
async def health(maintenance: Maintenance) -> dict[str, str]:
    """Liveness: 503 once this process must be restarted. Answers also while every worker thread is busy."""
    maintenance.check()
    return {"status": "alive"}


@router.get(f"{API_PREFIX}/ready")
def ready(maintenance: Maintenance, requests: Requests) -> dict[str, int | str]:
    """Readiness: 503 while the database or the queue is unavailable; else how long the queue is."""
    waiting = maintenance.check_ready()
    return {
        "status": "ready",
        "waiting": waiting,
        "estimated_wait_seconds": requests.estimated_wait_seconds(),
    }


@router.get("/metrics", response_class=Response, dependencies=[Depends(require_metrics)])
def metrics(rendering: Rendering) -> Response:
    """Metrics for Prometheus, which sends an API key of scope `metrics` (its setting `authorization`)."""
    return Response(rendering.renders.metrics.render_prometheus(), media_type=CONTENT_TYPE_LATEST)
