"""Plans the passes of a job: the first, hires. fix, and one for each face. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from studio.imaging.face_regions import Box, face_boxes
from studio.imaging.masks import covers_face
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Recipe

Size = tuple[int, int]
"""Width and height in pixels."""


def effective_steps(steps: int, denoising_strength: float) -> int:
    """The number of the sampler's steps that an image-to-image pass runs."""
    return int(steps * denoising_strength)


@dataclass(frozen=True)
class PassSteps:
    """How much one pass denoises."""

    steps: int
    """Steps of the sampler's whole schedule, of which a fraction is run."""

    denoising_strength: float
    """That fraction, 0 to 1."""

    @property
    def is_empty(self) -> bool:
        """Whether the pass changes nothing."""
        return not effective_steps(self.steps, self.denoising_strength)


@dataclass(frozen=True)
class PassPlan:
    """The passes of one recipe, in their order."""

    output_size: Size
    first: PassSteps
    hires: PassSteps | None
    """At the output size; None: without hires. fix."""

    face: PassSteps
    faces: tuple[Box, ...]
    """The faces to restore, in pixels of the output."""

    @property
    def passes(self) -> tuple[PassSteps, ...]:
        """Every pass, also those that change nothing."""
        hires = () if self.hires is None else (self.hires,)
        return (self.first, *hires, *(self.face for _ in self.faces))


def plan_passes(job: RenderJob, size_multiple: int, masks: Sequence[Image.Image] = ()) -> PassPlan:
    """The passes of a job.

    Args:
        job: the job, or the first one of a batch.
        size_multiple: the family's, in pixels (see `output_size`).
        masks: what each job of the batch may change, at the output size; empty: everything.
    """
    recipe, upscale, repair = job.recipe, job.recipe.upscale, job.recipe.face_repair
    size = output_size(recipe, size_multiple)
    face = PassSteps(recipe.steps, repair.denoising_strength)
    has_faces = repair.enabled and not face.is_empty
    boxes = face_boxes(job.base_image.keypoints, size) if has_faces else []
    return PassPlan(
        output_size=size,
        first=PassSteps(recipe.steps, recipe.denoising_strength),
        hires=(
            PassSteps(upscale.steps or recipe.steps, upscale.denoising_strength)
            if upscale.enabled
            else None
        ),
        face=face,
        # Outside the mask the base image's face is put back.
        faces=tuple(box for box in boxes if not masks or covers_face(masks[0], box)),
    )


def output_size(recipe: Recipe, size_multiple: int) -> Size:
    """Width and height of the finished image in pixels, in multiples of the family's `size_multiple`."""
    factor = recipe.upscale.scale_factor if recipe.upscale.enabled else 1.0
    width, height = (
        size_multiple * round(side * factor / size_multiple)
        for side in (recipe.width, recipe.height)
    )
    return width, height
