"""What rendering a job gives, and where it reports to on the way. Free of torch."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from studio.messages import Message
from studio.recipes.request import Timings, UsedModel


@dataclass(frozen=True)
class Rendered:
    """A finished picture. `notes` tell what an operator should know, such as words cut off;
    `tokens` is what the prompt took, as CLIP counts."""

    picture: Image.Image
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[Message, ...] = ()
    tokens: int = 0


@dataclass(frozen=True)
class Watch:
    """Where a job reports to: a model that must be loaded first, by name; each step that is done,
    of how many; how the picture looks so far. And what may end it, asked at each step."""

    on_loading: Callable[[str], None] = lambda model: None
    on_step: Callable[[int, int], None] = lambda done, total: None
    on_preview: Callable[[Image.Image], None] = lambda picture: None
    is_cancelled: Callable[[], bool] = lambda: False
