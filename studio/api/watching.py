"""What operators' machines look at: health, readiness, Prometheus' figures."""

from collections.abc import Callable

from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from studio.api.wire import PREFIX
from studio.bootstrap import Studio
from studio.recipes.serving import Client


def add_watching(app: FastAPI, studio: Studio, who: Callable[..., Client]) -> None:
    routes = APIRouter(tags=["watching"])

    @routes.get(f"{PREFIX}/health")
    async def health() -> dict[str, str]:
        """Whether this process answers, also while every thread is at work."""
        return {"status": "alive"}

    @routes.get(f"{PREFIX}/ready")
    def ready() -> dict[str, int | str]:
        """Whether requests can be taken: the database answers. How long the queue is."""
        waiting, seconds = studio.serving.jobs.waiting(), studio.serving.seconds_to_wait()
        return {"status": "ready", "waiting": waiting, "seconds": seconds}

    @routes.get("/metrics", response_class=Response, dependencies=[Depends(who)])
    def metrics() -> Response:
        """Figures for Prometheus, which brings a key of scope `watch` (its `authorization`)."""
        return Response(studio.rendering.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    app.include_router(routes)
