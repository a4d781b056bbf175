"""Jobs' passes over loaded models: the picture itself, enlarged, its faces once more."""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import torch
from PIL import Image
from torch.nn import functional

from studio.engine.dialect import BaseModel, Embeddings
from studio.engine.latents import decoded, encoded
from studio.engine.pipelines import (
    Hooks,
    Pass,
    Progress,
    Unit,
    pipeline,
    run,
    steps_run,
    timesteps_run,
)
from studio.engine.preview import LatentColours
from studio.engine.stock import Stock
from studio.imaging.faces import Box, face_boxes, padded, put_back
from studio.messages import Message, message
from studio.recipes.recipe import Recipe
from studio.recipes.request import Job

Size = tuple[int, int]
UnitsAt = Callable[[Size], Sequence[Unit]]


class Passes:
    """Draws one job, or the first pass of several that differ only in prompts and seed.

    `units_at` gives the control units with their maps at a size.
    """

    def __init__(
        self,
        stock: Stock,
        parts: BaseModel,
        eyes: Hashable,
        jobs: Sequence[Job],
        units_at: UnitsAt,
        embeddings: Embeddings,
        hooks: Hooks,
    ) -> None:
        self._stock, self._parts, self._eyes = stock, parts, eyes
        self._jobs, self._recipe = jobs, jobs[0].recipe
        self._units_at, self._embeddings = units_at, embeddings
        self._faces = self._face_boxes()
        self._progress = Progress(hooks, self._total_steps())
        self._overflowed = False

    @property
    def notes(self) -> tuple[Message, ...]:
        """What an operator should know of how the pictures were decoded."""
        return (message("engine.vae_overflowed"),) if self._overflowed else ()

    def pictures(self, start: Image.Image) -> list[Image.Image]:
        """All passes of the recipe, from the start picture; a picture for each job."""
        recipe = self._recipe
        if not steps_run(recipe.steps, recipe.strength):
            return [self._finished(start, None)] * len(self._jobs)
        units = self._units_at(start.size)
        latents = self._run(self.encoded(start), start, units, recipe.steps, recipe.strength)
        return [self._finished(self._decoded(each), each) for each in torch.split(latents, 1)]

    def _finished(self, picture: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """The passes after the first, which a job of a batch has none of."""
        if self._recipe.upscale.enabled:
            picture = self._enlarged(picture, latents)
        for box in self._faces:
            picture = self._with_face_redrawn(picture, box)
        return picture

    def encoded(self, picture: Image.Image) -> torch.Tensor:
        """The picture's scaled latents, from the cache when it was seen before."""
        key = (self._eyes, picture.size, hashlib.sha256(picture.tobytes()).hexdigest())
        return self._stock.latents.get(key, lambda: encoded(self._parts, picture))

    def _run(
        self,
        latents: torch.Tensor,
        picture: Image.Image,
        units: Sequence[Unit],
        steps: int,
        strength: float,
    ) -> torch.Tensor:
        colours = LatentColours.fitted(latents, picture)
        a_pass = Pass(latents, colours, units, steps, strength)
        return run(self._parts, self._jobs, a_pass, self._embeddings, self._progress)

    def _enlarged(self, picture: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """The second pass, over the first one's latents or picture at the final size."""
        upscale, size = self._recipe.upscale, self._final_size
        larger = picture.resize(size, Image.Resampling.LANCZOS)
        if upscale.upscaler == "Lanczos":
            latents = self.encoded(larger)
        else:
            latents = self.encoded(picture) if latents is None else latents
            scale = latents.shape[2] / picture.height
            shape = (round(size[1] * scale), round(size[0] * scale))
            latents = functional.interpolate(latents, size=shape, mode="bilinear", antialias=True)
        steps = upscale.steps or self._recipe.steps
        if not steps_run(steps, upscale.strength):
            return larger
        latents = self._run(latents, larger, self._units_at(size), steps, upscale.strength)
        return self._decoded(latents)

    def _decoded(self, latents: torch.Tensor) -> Image.Image:
        picture, overflowed = decoded(self._parts, latents)
        self._overflowed |= overflowed
        return picture

    def _with_face_redrawn(self, picture: Image.Image, box: Box) -> Image.Image:
        """One face alone and large. No control maps: they are of the whole picture."""
        repair = self._recipe.face_repair
        at = padded(box, repair.padding, picture.size)
        face = picture.crop(at).resize((repair.size, repair.size), Image.Resampling.LANCZOS)
        latents = self._run(self.encoded(face), face, (), self._recipe.steps, repair.strength)
        return put_back(picture, self._decoded(latents), at, box, repair.blur)

    def _face_boxes(self) -> list[Box]:
        recipe = self._recipe
        repair = recipe.face_repair
        if not repair.enabled or not steps_run(recipe.steps, repair.strength):
            return []
        return face_boxes(self._jobs[0].base_image.keypoints, self._final_size)

    def _total_steps(self) -> int:
        recipe, upscale = self._recipe, self._recipe.upscale
        count = partial(timesteps_run, pipeline(self._parts, self._jobs[0]))
        total = count(recipe.steps, recipe.strength)
        if upscale.enabled:
            total += count(upscale.steps or recipe.steps, upscale.strength)
        return total + len(self._faces) * count(recipe.steps, recipe.face_repair.strength)

    @property
    def _final_size(self) -> Size:
        return final_size(self._recipe, self._parts.dialect.side)


def final_size(recipe: Recipe, side: int) -> Size:
    """Width and height of the finished picture, in multiples of the family's `side`."""
    factor = recipe.upscale.factor if recipe.upscale.enabled else 1.0
    width, height = (side * round(each * factor / side) for each in (recipe.width, recipe.height))
    return width, height
