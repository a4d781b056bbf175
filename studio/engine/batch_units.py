"""The ControlNet units of a batch, with each job's control map and weight."""

from collections.abc import Iterable, Sequence
from functools import partial

from diffusers import ControlNetModel
from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.diffusion.pass_plan import Size
from studio.engine.diffusion.pipeline import ActiveControlUnit
from studio.engine.job_batch import JobBatch
from studio.engine.loading.resolve import UnitModels
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.recipes.generation.recipe import ControlUnit

LoadedUnits = Sequence[tuple[ControlUnit, ControlNetModel]]
"""Units of a batch's recipe with their loaded models."""


class BatchUnits:
    """Finds or makes the control maps of a batch."""

    def __init__(self, batch: JobBatch, cache: ByteLRUCache[Image.Image | None]) -> None:
        self._batch, self._cache = batch, cache

    def control_maps(self, unit: ControlUnit, size: Size) -> list[Image.Image | None]:
        """The unit's control map for each job, cached; None where it is empty."""
        batch = self._batch
        return [
            self._cache.get_or_create(
                control_map_key(unit, job, size),
                partial(make_control_map, unit, job, base_image, doodle, size),
            )
            for job, base_image, doodle in zip(
                batch.jobs, batch.base_images, batch.doodles, strict=True
            )
        ]

    def for_size(self, units: LoadedUnits, size: Size) -> list[ActiveControlUnit]:
        """The units with their control maps at `size`; without those whose maps are all empty there."""
        active = []
        for unit, controlnet in units:
            control_maps = self.control_maps(unit, size)
            if any(control_maps):
                # A job whose map is empty has weight 0, which equals leaving the unit out.
                weights = [
                    self._batch.unit_of(index, unit).weight if control_map else 0.0
                    for index, control_map in enumerate(control_maps)
                ]
                images = [control_map or Image.new("RGB", size) for control_map in control_maps]
                same = all(image is images[0] for image in images)
                active.append(
                    ActiveControlUnit(unit, controlnet, images[:1] if same else images, weights)
                )
        return active


def units_with_map(batch: JobBatch, has_map: Iterable[object]) -> UnitModels:
    """Those of the batch's units for which `has_map` is true."""
    return tuple(
        unit for unit, is_there in zip(batch.models.controlnets, has_map, strict=True) if is_there
    )
