"""The keys of the cache of rendered images: grids and blind tests find their images by them for years."""

from pathlib import Path
from typing import Any

import pytest

from studio.app import AppContainer
from studio.recipes.generation.recipe import MaskSettings, ModelRef, Reference
from studio.services.rendering.render_cache import RenderCache
from tests import examples

EARLIER = "c0209fba1541231600bf382179952e8f"
"""Keys that releases before references, drift lock and zones gave."""
EARLIER_MASKED = "c23675634f7533111b59d2550cc41e58"


def key_of(studio: AppContainer, tmp_path: Path, **changes: Any) -> str:
    job = examples.job()
    recipe = job.recipe.model_copy(update=changes)
    cache = RenderCache(tmp_path, studio.rendering.renders)
    return cache.key(job.model_copy(update={"recipe": recipe, "doodle": examples.doodle()}))


def test_images_of_earlier_releases_are_found(studio: AppContainer, tmp_path: Path) -> None:
    assert key_of(studio, tmp_path) == EARLIER
    assert key_of(studio, tmp_path, mask=MaskSettings(area="doodle")) == EARLIER_MASKED


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"drift_lock": "measure"}, True),
        ({"drift_lock": "correct"}, False),
        (
            {"references": (Reference(model=ModelRef(name="style"), image_sha256="0" * 64),)},
            False,
        ),
    ],
)
def test_only_what_decides_pixels_makes_another_key(
    studio: AppContainer, tmp_path: Path, changes: dict[str, Any], is_same: bool
) -> None:
    assert (key_of(studio, tmp_path, **changes) == EARLIER) is is_same
