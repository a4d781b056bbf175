"""The routers of the API: those of both servers, and those of the process that renders clients' requests."""

from fastapi import APIRouter

from studio.errors import NotFoundError
from studio.server.routers import (
    api_keys,
    base_image_zones,
    base_images,
    blind_tests,
    deployments,
    evaluations,
    events,
    grids,
    history_labels,
    models,
    moderation,
    monitoring,
    public_themes,
    recipes,
    requests,
    selections,
    system,
    tests,
    theme_reviews,
    themes,
    tuning,
    users,
    variants,
)
from studio.server.schemas import API_PREFIX

CLIENT_ROUTERS = (public_themes.router, requests.router, events.router)
"""Deployed themes and generation requests, for apps. Only `studio api` has them: without a broker one process
alone may render the requests of a database (`store.locks`)."""
OPERATOR_ROUTERS = (
    themes.router,
    theme_reviews.router,
    recipes.router,
    deployments.router,
    evaluations.router,
    moderation.router,
    blind_tests.router,
    grids.router,
    base_images.router,
    base_image_zones.router,
    models.router,
    selections.router,
    variants.router,
    history_labels.router,
    users.router,
    api_keys.router,
    tuning.router,
    tests.router,
    system.router,
    monitoring.router,
)
"""What operators and the studio's pages use, on `studio api` by API key, on `studio ui` by session as well."""

unknown_route_router = APIRouter(prefix=API_PREFIX, include_in_schema=False)
"""The last router where other applications are mounted below the API: no request for it reaches them."""


@unknown_route_router.api_route(
    "/{path:path}", methods=["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
)
def refuse_unknown_route() -> None:
    raise NotFoundError("request.address_not_found")
