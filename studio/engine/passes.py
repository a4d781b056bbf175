"""A job's passes over loaded models: the picture itself, enlarged, its faces once more."""

import hashlib
from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch.nn import functional

from studio.engine.checkpoints import BaseModel
from studio.engine.conditioning import picture_to_tensor
from studio.engine.pipelines import Hooks, Pass, Progress, Unit, decoded, run, steps_run
from studio.engine.preview import LatentColours
from studio.engine.prompts import Embeddings
from studio.engine.stock import Stock
from studio.imaging.faces import Box, face_boxes, padded, put_back
from studio.recipes.recipe import Recipe
from studio.recipes.request import Job

Size = tuple[int, int]
UnitsAt = Callable[[Size], Sequence[Unit]]


class Passes:
    """Draws one job. `units_at` gives the control units with their maps at a size."""

    def __init__(
        self,
        stock: Stock,
        parts: BaseModel,
        eyes: str,
        job: Job,
        units_at: UnitsAt,
        embeddings: Embeddings,
        hooks: Hooks,
    ) -> None:
        self._stock, self._parts, self._eyes = stock, parts, eyes
        self._job, self._recipe = job, job.recipe
        self._units_at, self._embeddings = units_at, embeddings
        self._faces = self._face_boxes()
        self._progress = Progress(hooks, self._total_steps())

    def picture(self, start: Image.Image) -> Image.Image:
        """All passes of the recipe, from the start picture."""
        recipe, vae = self._recipe, self._parts.vae
        latents = self.encoded(start)
        if steps_run(recipe.steps, recipe.strength):
            units = self._units_at(start.size)
            latents = self._run(latents, start, units, recipe.steps, recipe.strength)
            start = decoded(vae, latents)
        if recipe.upscale.enabled:
            start = self._enlarged(start, latents)
        for box in self._faces:
            start = self._with_face_redrawn(start, box)
        return start

    def encoded(self, picture: Image.Image) -> torch.Tensor:
        """The picture's latents, scaled. Their mode: sampling would use up the seed."""
        key = (self._eyes, picture.size, hashlib.sha256(picture.tobytes()).hexdigest())
        vae = self._parts.vae

        def encode() -> torch.Tensor:
            mode = vae.encode(picture_to_tensor(picture, self._stock.device, vae.dtype))
            scaled: torch.Tensor = mode.latent_dist.mode() * vae.config.scaling_factor
            return scaled

        return self._stock.latents.get(key, encode)

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
        return run(self._parts, self._job, a_pass, self._embeddings, self._progress)

    def _enlarged(self, picture: Image.Image, latents: torch.Tensor) -> Image.Image:
        """The second pass, over the first one's latents or picture at the final size."""
        upscale, size = self._recipe.upscale, final_size(self._recipe)
        larger = picture.resize(size, Image.Resampling.LANCZOS)
        if upscale.upscaler == "Lanczos":
            latents = self.encoded(larger)
        else:
            scale = latents.shape[2] / picture.height
            shape = (round(size[1] * scale), round(size[0] * scale))
            latents = functional.interpolate(latents, size=shape, mode="bilinear", antialias=True)
        steps = upscale.steps or self._recipe.steps
        if not steps_run(steps, upscale.strength):
            return larger
        latents = self._run(latents, larger, self._units_at(size), steps, upscale.strength)
        return decoded(self._parts.vae, latents)

    def _with_face_redrawn(self, picture: Image.Image, box: Box) -> Image.Image:
        """One face alone and large. No control maps: they are of the whole picture."""
        repair = self._recipe.face_repair
        at = padded(box, repair.padding, picture.size)
        face = picture.crop(at).resize((repair.size, repair.size), Image.Resampling.LANCZOS)
        latents = self._run(self.encoded(face), face, (), self._recipe.steps, repair.strength)
        return put_back(picture, decoded(self._parts.vae, latents), at, box, repair.blur)

    def _face_boxes(self) -> list[Box]:
        recipe = self._recipe
        repair = recipe.face_repair
        if not repair.enabled or not steps_run(recipe.steps, repair.strength):
            return []
        return face_boxes(self._job.base_image.keypoints, final_size(recipe))

    def _total_steps(self) -> int:
        recipe, upscale = self._recipe, self._recipe.upscale
        total = steps_run(recipe.steps, recipe.strength)
        if upscale.enabled:
            total += steps_run(upscale.steps or recipe.steps, upscale.strength)
        return total + len(self._faces) * steps_run(recipe.steps, recipe.face_repair.strength)


def final_size(recipe: Recipe) -> Size:
    """Width and height of the finished picture, in whole latent places."""
    factor = recipe.upscale.factor if recipe.upscale.enabled else 1.0
    width, height = (8 * round(side * factor / 8) for side in (recipe.width, recipe.height))
    return width, height
