"""DeepCache (Ma et al., 2024): the UNet's deep features are reused between every few steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from diffusers import DiffusionPipeline

from studio.errors import IncompatibleModelError
from studio.messages import message
from studio.optional_dependencies import require_extra


@contextmanager
def deepcache_enabled(
    pipe: DiffusionPipeline, interval: int, name: str
) -> Iterator[Callable[[], None]]:
    """Runs the deep layers of the pipeline's UNet only every `interval` steps (1: always).

    Yields a function to call when classifier-free guidance ends, which halves the batch. DeepCache
    wraps the shared UNet, so it is removed however the block ends. A denoiser that is no UNet is
    left alone.

    Raises IncompatibleModelError, with the base model's `name`, for a UNet without a middle block,
    and InvalidInputError when the extra `deepcache` is not installed.
    """
    if interval == 1 or not hasattr(pipe, "unet"):
        yield _do_nothing
        return
    if pipe.unet.mid_block is None:
        raise IncompatibleModelError("model.deep_cache_unsupported", name=name)
    require_extra("DeepCache", "deepcache", message("request.purpose_deepcache", interval=interval))
    from DeepCache import DeepCacheSDHelper

    helper = DeepCacheSDHelper(pipe=pipe)
    helper.set_params(cache_interval=interval, cache_branch_id=0)
    helper.enable()

    def reset_cache() -> None:
        """Makes the next step run all layers: the cached features have the old batch size."""
        helper.start_timestep = None
        helper.cached_output.clear()

    try:
        yield reset_cache
    finally:
        helper.disable()


def _do_nothing() -> None:
    """There is no cache to reset."""
