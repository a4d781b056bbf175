"""The result of a render, and the callbacks it reports to. Free of torch."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from studio.imaging.finishing import FinishedImage, Finishing
from studio.messages import Message
from studio.recipes.generation.job import Timings, UsedModel


@dataclass(frozen=True)
class RenderResult:
    """An image and how it was made."""

    decoded: Image.Image
    """RGB, at the recipe's output size, as the last pass left it."""

    models: tuple[UsedModel, ...]
    """Every model that took part, with its hash."""

    timings: Timings
    """Seconds of loading and of rendering; in a batch, an equal part for each job."""

    notes: tuple[Message, ...] = ()
    """Warnings for the operator, e.g. that the prompt was truncated."""

    token_count: int = 0
    """CLIP tokens of the prompt, without the begin and end tokens."""

    finishing: Finishing | None = None
    """What the decoded image is finished with; None: it is finished."""

    @property
    def finished(self) -> FinishedImage:
        """The image as it is stored, with its drift. Made by the first who asks for it, which is never the
        device's thread."""
        # Until Python 3.12 `cached_property` has one lock for all results: images would be finished one by one.
        known: FinishedImage | None = vars(self).get("_finished")
        if known is None:
            known = FinishedImage(self.decoded)
            if self.finishing is not None:
                known = self.finishing.finish(self.decoded)
            vars(self)["_finished"] = known
        return known

    @property
    def image(self) -> Image.Image:
        """The finished image."""
        return self.finished.image


@dataclass(frozen=True)
class RenderListener:
    """Progress callbacks of one job, called in the rendering thread."""

    on_loading: Callable[[str], None] = lambda _model: None
    """Called with the name of each model that must be loaded first."""

    on_step: Callable[[int, int], None] = lambda _done, _total: None
    """Called after each denoising step with the number of steps done and the total of all passes."""

    on_preview: Callable[[Image.Image], None] | None = None
    """Called with a latent preview after a step, at most every 300 ms. The image is small and cheap;
    encode it in another thread. None: no preview is computed."""

    wants_preview: Callable[[], bool] = lambda: True
    """Whether somebody looks at previews now; asked whenever one is due."""

    should_cancel: Callable[[], bool] = lambda: False
    """Polled at each step, so it must be as quick as reading a flag. True cancels the render; a batch
    goes on while one of its jobs is wanted."""
