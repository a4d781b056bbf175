"""What operators' machines look at: health, readiness, Prometheus' figures."""

from collections.abc import Callable

from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from studio.app import AppContainer
from studio.recipes.serving.request_status import ApiClient
from studio.server.schemas import PREFIX


def add_watching(app: FastAPI, studio: AppContainer, who: Callable[..., ApiClient]) -> None:
    routes = APIRouter(tags=["watching"])

    @routes.get(f"{PREFIX}/health")
    async def health() -> dict[str, str]:
        """Whether this process works, also while every thread is busy: 503 once it must be started
        again."""
        studio.requests.check()
        return {"status": "alive"}

    @routes.get(f"{PREFIX}/ready")
    def ready() -> dict[str, int | str]:
        """Whether requests can be taken: the database and the queue answer. How long the queue is."""
        waiting = studio.requests.check_ready()
        return {
            "status": "ready",
            "waiting": waiting,
            "seconds": studio.requests.estimated_wait_seconds(),
        }

    @routes.get("/metrics", response_class=Response, dependencies=[Depends(who)])
    def metrics() -> Response:
        """Figures for Prometheus, which brings a key of scope `watch` (its `authorization`)."""
        return Response(studio.renders.metrics.render_prometheus(), media_type=CONTENT_TYPE_LATEST)

    app.include_router(routes)
