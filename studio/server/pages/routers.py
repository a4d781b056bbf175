"""The routers of all plain pages, in the order in which the studio's application includes them."""

from studio.server.pages import (
    base_images,
    blind_tests,
    history,
    models,
    moderation,
    system,
    theme_deployments,
    theme_evaluations,
    themes,
    tuning,
)

PAGE_ROUTERS = (
    history.router,
    base_images.router,
    themes.router,
    theme_deployments.router,
    theme_evaluations.router,
    blind_tests.router,
    tuning.router,
    moderation.router,
    models.router,
    system.router,
)
