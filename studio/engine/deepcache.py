"""DeepCache (Ma et al., 2024): between every few steps the UNet's deep layers say what they said last."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from DeepCache import DeepCacheSDHelper
from diffusers import DiffusionPipeline

from studio.errors import UnfitModel


class _Helper(DeepCacheSDHelper):  # type: ignore[misc]
    def restart(self) -> None:
        """The next step is a whole one: what is kept is of another batch size."""
        self.start_timestep = None
        self.cached_output.clear()


@contextmanager
def deep_cache(pipe: DiffusionPipeline, interval: int, name: str) -> Iterator[Callable[[], None]]:
    """Runs the deep layers of the pipeline's UNet every `interval` steps (1: always) for the block.

    Gives what to call when guidance ends, which halves the batch. It wraps the shared UNet, so it
    is taken off however the block ends. A denoiser that is no UNet is left alone. Raises
    UnfitModel, with the base model's `name`, for a UNet without the layers that are to be kept.
    """
    if interval == 1 or not hasattr(pipe, "unet"):
        yield _nothing
        return
    if pipe.unet.mid_block is None:
        raise UnfitModel("model.deep_cache_unsupported", name=name)
    helper = _Helper(pipe=pipe)
    helper.set_params(cache_interval=interval, cache_branch_id=0)
    helper.enable()
    try:
        yield helper.restart
    finally:
        helper.disable()


def _nothing() -> None:
    pass
