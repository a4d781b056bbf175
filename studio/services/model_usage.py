"""Which themes use a model: in their latest version, or in one that is live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studio.recipes.base_image import Slug
from studio.recipes.generation.recipe import ModelType
from studio.recipes.themes.preset import SLOTS, Preset
from studio.services.themes.deployment_service import DeploymentService
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class ThemeUse:
    """A theme that uses a model; `live` says that a version that is live in a channel does."""

    slug: Slug
    name: str
    live: bool


def find_model_usage(
    themes: ThemeStore, deployments: DeploymentService
) -> Mapping[tuple[ModelType, str], tuple[ThemeUse, ...]]:
    """The themes that use each model, by its type and name. Archived themes do not count."""
    live = set(_live_versions(deployments))
    found: dict[tuple[ModelType, str], dict[Slug, ThemeUse]] = {}
    for theme in themes.list_summaries():
        versions = {number for slug, number in live if slug == theme.slug}
        for number in {None, *versions}:
            preset = themes.get_version(theme.slug, number).preset
            for model in _models(preset):
                uses = found.setdefault(model, {})
                if theme.slug not in uses or number is not None:
                    uses[theme.slug] = ThemeUse(theme.slug, theme.name, number is not None)
    return {model: tuple(uses.values()) for model, uses in found.items()}


def _models(preset: Preset) -> set[tuple[ModelType, str]]:
    recipes = (preset.recipes[slot] for slot in SLOTS)
    return {(kind, model.name) for recipe in recipes for kind, model in recipe.model_refs}


def _live_versions(deployments: DeploymentService) -> Iterator[tuple[Slug, int]]:
    """Theme and version, also of canaries."""
    channels = {one.spec.channel for one in deployments.list_deployments()}
    for channel in channels:
        for active in deployments.active_deployments(channel):
            spec = active.deployment.spec
            for number in (spec.version, spec.canary_version):
                if number is not None:
                    yield spec.slug, number
