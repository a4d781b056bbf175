"""Makes a job's control maps ahead of its render, in another thread. Free of torch."""

from functools import partial

from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.recipes.generation.job import RenderJob


def prepare_control_maps(
    cache: ByteLRUCache[Image.Image | None],
    job: RenderJob,
    base: Image.Image,
    doodle: Image.Image | None,
) -> None:
    """Makes the control maps of a job's first pass, which its render then finds in the cache.

    Raises what `make_control_map` raises.
    """
    size = job.recipe.width, job.recipe.height
    for unit in job.recipe.control_units:
        if unit.is_active:
            cache.get_or_create(
                control_map_key(unit, job, size),
                partial(make_control_map, unit, job, base, doodle, size),
            )
