"""What rendering a job gives, and where it reports to on the way. Free of torch."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from studio.messages import Message
from studio.recipes.generation.job import Timings, UsedModel


@dataclass(frozen=True)
class RenderResult:
    """A finished picture. `notes` tell what an operator should know, such as words cut off;
    `tokens` is what the prompt took, as CLIP counts."""

    image: Image.Image
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[Message, ...] = ()
    token_count: int = 0


@dataclass(frozen=True)
class RenderListener:
    """Where a job reports to: a model that must be loaded first, by name; each step that is done,
    of how many; how the picture looks so far. And what may end it, asked at each step."""

    on_loading: Callable[[str], None] = lambda model: None
    on_step: Callable[[int, int], None] = lambda done, total: None
    on_preview: Callable[[Image.Image], None] = lambda image: None
    should_cancel: Callable[[], bool] = lambda: False
