"""DeepCache (Ma et al., 2024): between every few steps the UNet's deep layers say what they said last."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from diffusers import DiffusionPipeline

from studio.errors import IncompatibleModelError
from studio.messages import message
from studio.optional_dependencies import require_extra


@contextmanager
def deep_cache(pipe: DiffusionPipeline, interval: int, name: str) -> Iterator[Callable[[], None]]:
    """Runs the deep layers of the pipeline's UNet every `interval` steps (1: always) for the block.

    Gives what to call when guidance ends, which halves the batch. It wraps the shared UNet, so it
    is taken off however the block ends. A denoiser that is no UNet is left alone. Raises
    UnfitModel, with the base model's `name`, for a UNet without the layers that are to be kept, and
    InputError where the extra `deepcache` is not installed.
    """
    if interval == 1 or not hasattr(pipe, "unet"):
        yield _nothing
        return
    if pipe.unet.mid_block is None:
        raise IncompatibleModelError("model.deep_cache_unsupported", name=name)
    require_extra("DeepCache", "deepcache", message("request.purpose_deepcache", interval=interval))
    from DeepCache import DeepCacheSDHelper

    helper = DeepCacheSDHelper(pipe=pipe)
    helper.set_params(cache_interval=interval, cache_branch_id=0)
    helper.enable()

    def restart() -> None:
        """Has the next step run whole: the cached features are of another batch size."""
        helper.start_timestep = None
        helper.cached_output.clear()

    try:
        yield restart
    finally:
        helper.disable()


def _nothing() -> None:
    pass
