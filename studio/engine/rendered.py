"""What rendering a job gives: the picture and what really made it. Free of torch."""

from dataclasses import dataclass

from PIL import Image

from studio.recipes.request import Timings, UsedModel


@dataclass(frozen=True)
class Rendered:
    """A finished picture. `notes` tell what an operator should know, such as words cut off."""

    picture: Image.Image
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[str, ...] = ()
